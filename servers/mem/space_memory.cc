#include "space_memory.h"

#include "contents.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft::memory {
namespace {

constexpr u32 kAddressSpacePages = 1u << (kAddressSpaceBits - kPageBits);
constexpr u32 kFirstBlock = 16;  // pages
constexpr u32 kLargestBlock = 256;

// A CapTable in a block of its own.
Status make_table(State& state, const Space& space, Slot slot, unsigned size_bits) {
    const unsigned bits = size_bits + kCapabilityBits;
    const u32 pages = 1u << (bits - kPageBits);
    if (pages > space.quota - space.used) return Error::OutOfMemory;
    EFT_TRY(const Extent* extent, extend(state, space.tables, bits, 0));
    set(space.used, space.used + pages);
    return effects::make(state.blocks[extent->block].slot, ObjectType::CapTable, slot, 1, size_bits);
}

// What was left in a slot becomes like new. False: that is not possible, or the slot is empty then.
bool renew(State& state, const Space& space, const kernel_object::CapInfo& left, Slot slot) {
    if (left.type == ObjectType::PageTable) return true;  // given to this space or to none
    if (left.type == ObjectType::Untyped) {
        effects::end_descendants(slot);
        return true;
    }
    if (left.sealed) return false;
    const Space& own = *state.spaces.find(state.own_space);
    if (left.mapped && !effects::unmap(space.space, slot).ok()) static_cast<void>(effects::unmap(own.space, slot));
    if (!map_frame(state, own, slot, kWindow, kReadWrite).ok()) return false;
    std::memset(own_memory(kWindow), 0, kPageSize);
    return effects::unmap(own.space, slot).ok();
}

// A mapped page that did not come to count: of a page fault, or of the image that is being loaded.
bool counts(const Space& space, u64 address) {
    if (space.image != 0 && address == space.image + space.image_done) set_at_once(space.image_done, space.image_done + kPageSize);
    return comes_by_itself(address) || (space.image != 0 && address + kPageSize == space.image + space.image_done);
}

}  // namespace

// What is of another type counts, and is lost to the space until it ends; a page table that it was given serves it.
Result<Slot> make_page_again(State& state, const Space& space, ObjectType type) {
    const Extent& extent = state.extents[space.pages.tail];
    const Slot slot = slot_at(extent.first, extent.used);
    EFT_TRY(const auto left, effects::inspect(slot));
    if (left.type == type && renew(state, space, left, slot)) return slot;
    if (left.type != ObjectType::PageTable) effects::remove(slot);
    count_page(state, space);
    return make_page(state, space, type);
}

void count_left_pages(State& state, const Space& space) {
    for (bool counted = false; has_page(state, space);) {
        const Extent& extent = state.extents[space.pages.tail];
        const Slot slot = slot_at(extent.first, extent.used);
        const auto left = effects::inspect(slot);
        if (!left.ok()) return;
        if (left->type == ObjectType::Frame && left->mapped && counts(space, left->data)) counted = true;
        else if (left->type != ObjectType::PageTable || !counted) return;
        if (left->type == ObjectType::Frame) note_stack_page(space, left->data, slot);
        set_at_once(extent.used, extent.used + 1);
    }
}

// Blocks grow with the space, so that a large one has few of them; towards the quota's end, or where memory is scarce,
// they get smaller.
Result<const Extent*> grow(State& state, const Space& space) {
    const u32 left = space.quota - space.used;
    if (left == 0) return Error::OutOfMemory;
    const u32 wish = std::clamp(std::bit_floor(space.used / 2), kFirstBlock, kLargestBlock);
    for (u32 pages = std::min(wish, std::bit_floor(left));; pages /= 2) {
        const unsigned bits = kPageBits + static_cast<unsigned>(std::countr_zero(pages));
        const Result<const Extent*> extended = extend(state, space.pages, bits, pages);
        if (extended.ok()) set(space.used, space.used + pages);
        if (extended.ok() || pages == 1) return extended;
    }
}

Status take_address_space(State& state, const Space& space) {
    EFT_TRY(const Extent* extent, grow(state, space));
    if (state.blocks[extent->block].pages() < kAddressSpacePages) return Error::OutOfMemory;
    EFT_CHECK(effects::make(state.blocks[extent->block].slot, ObjectType::AddressSpace, extent->first));
    set(extent->used, kAddressSpacePages);
    set(space.space, extent->first);
    return {};
}

Status make_small(State& state, const Space& space, ObjectType type, Slot slot, u32 count, unsigned size_bits) {
    if (type == ObjectType::CapTable && size_bits + kCapabilityBits > kPageBits) return make_table(state, space, slot, size_bits);
    if (space.small != Slot::None) {
        const Status made = effects::make(space.small, type, slot, count, size_bits);
        if (made.error() != Error::NeedMemory) return made;
    }
    EFT_TRY(const Slot page, take_page(state, space, ObjectType::Untyped));
    set(space.small, page);
    return effects::make(space.small, type, slot, count, size_bits);
}

Status map_with_tables(State& state, const Space& space, Slot frame, u64 address, Rights rights, u8 flags) {
    for (;;) {
        EFT_TRY(const Slot table, take_page(state, space, ObjectType::PageTable));
        const Status donated = effects::donate_table(space.space, table);
        if (donated.error() != Error::AlreadyMapped) EFT_CHECK(donated);  // it is, if mem died behind it
        const Status mapped = effects::map(space.space, frame, address, rights, flags);
        if (mapped.error() != Error::NeedMemory) return mapped;
    }
}

void release_memory(State& state, const Space& space) {
    if (space.small != Slot::None) set(space.small, Slot::None);
    release(state, space.tables);
    release(state, space.pages);
}

}  // namespace eft::memory
