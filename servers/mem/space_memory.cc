#include "space_memory.h"

#include <algorithm>
#include <bit>

namespace eft::memory {
namespace {

constexpr u32 kAddressSpacePages = 1u << (kAddressSpaceBits - kPageBits);
constexpr u32 kFirstBlock = 16;  // pages
constexpr u32 kLargestBlock = 256;

// A CapTable in a block of its own.
Status make_table(State& state, Space& space, Slot slot, unsigned size_bits) {
    const unsigned bits = size_bits + kCapabilityBits;
    const u32 pages = 1u << (bits - kPageBits);
    if (pages > space.quota - space.used) return Error::OutOfMemory;
    EFT_TRY(const Extent* extent, extend(state, space.tables, bits, 0));
    space.used += pages;
    return effects::make(state.blocks[extent->block].slot, ObjectType::CapTable, slot, 1, size_bits);
}

}  // namespace

// Blocks grow with the space, so that a large one has few of them; towards the quota's end, or where memory is scarce,
// they get smaller.
Result<Extent*> grow(State& state, Space& space) {
    const u32 left = space.quota - space.used;
    if (left == 0) return Error::OutOfMemory;
    const u32 wish = std::clamp(std::bit_floor(space.used / 2), kFirstBlock, kLargestBlock);
    for (u32 pages = std::min(wish, std::bit_floor(left));; pages /= 2) {
        const unsigned bits = kPageBits + static_cast<unsigned>(std::countr_zero(pages));
        const Result<Extent*> extended = extend(state, space.pages, bits, pages);
        if (extended.ok()) space.used += pages;
        if (extended.ok() || pages == 1) return extended;
    }
}

Status take_address_space(State& state, Space& space) {
    EFT_TRY(Extent * extent, grow(state, space));
    if (state.blocks[extent->block].pages() < kAddressSpacePages) return Error::OutOfMemory;
    EFT_CHECK(effects::make(state.blocks[extent->block].slot, ObjectType::AddressSpace, extent->first));
    extent->used = kAddressSpacePages;
    space.space = extent->first;
    return {};
}

Status make_small(State& state, Space& space, ObjectType type, Slot slot, u32 count, unsigned size_bits) {
    if (type == ObjectType::CapTable && size_bits + kCapabilityBits > kPageBits) return make_table(state, space, slot, size_bits);
    if (space.small != Slot::None) {
        const Status made = effects::make(space.small, type, slot, count, size_bits);
        if (made.error() != Error::NeedMemory) return made;
    }
    EFT_TRY(space.small, take_page(state, space, ObjectType::Untyped));
    return effects::make(space.small, type, slot, count, size_bits);
}

Status map_with_tables(State& state, Space& space, Slot frame, u64 address, Rights rights, u8 flags) {
    for (;;) {
        EFT_TRY(const Slot table, take_page(state, space, ObjectType::PageTable));
        EFT_CHECK(effects::donate_table(space.space, table));
        const Status mapped = effects::map(space.space, frame, address, rights, flags);
        if (mapped.error() != Error::NeedMemory) return mapped;
    }
}

void release_memory(State& state, Space& space) {
    release(state, space.tables);
    release(state, space.pages);
}

}  // namespace eft::memory
