// Taking memory for a space: page by page out of blocks that are the space's alone, and charged to its quota block by
// block. Revoking these blocks is the end of everything that the space had.
//
// OutOfMemory: the quota or the machine's memory is used up. LimitReached: mem's own tables are.
#pragma once

#include "effects.h"
#include "state.h"

namespace eft::memory {

constexpr Rights kReadOnly = bits(FrameRight::Read);
constexpr Rights kReadWrite = FrameRight::Read | FrameRight::Write;

// Another block of pages, of which none is used, at the end of the space's chain.
[[gnu::cold]] Result<const Extent*> grow(State& state, const Space& space);
inline bool has_page(const State& state, const Space& space) {
    const Extent& extent = state.extents[space.pages.tail];
    return space.pages.tail != 0 && extent.used != extent.slots;
}

// A page-sized object (frame, page table, or an untyped page) in a slot that belongs to its block: the first one that does
// not count yet. Inlined, because a page fault waits for little else.
//
// A death between the two leaves an object in a slot that does not count. It is the next one of its type.
[[gnu::cold]] Result<Slot> make_page_again(State& state, const Space& space, ObjectType type);
inline Result<Slot> make_page(State& state, const Space& space, ObjectType type) {
    const unsigned size_bits = type == ObjectType::Untyped ? kPageBits : 0;
    const Extent* extent = &state.extents[space.pages.tail];
    if (!has_page(state, space)) [[unlikely]] {
        EFT_TRY(extent, grow(state, space));
    }
    const Slot slot = slot_at(extent->first, extent->used);
    const Status made = effects::make(state.blocks[extent->block].slot, type, slot, 1, size_bits);
    if (made.error() == Error::SlotOccupied) [[unlikely]] return make_page_again(state, space, type);
    EFT_CHECK(made);
    return slot;
}
inline void count_page(State& state, const Space& space) {
    const Extent& extent = state.extents[space.pages.tail];
    set(extent.used, extent.used + 1);
}
inline Result<Slot> take_page(State& state, const Space& space, ObjectType type) {
    EFT_TRY(const Slot slot, make_page(state, space, type));
    count_page(state, space);
    return slot;
}
// After a death: a frame that is mapped where a page fault or an image wants it counts, with the page table that it took.
void count_left_pages(State& state, const Space& space);

// The AddressSpace takes the first two pages of the first block.
Status take_address_space(State& state, const Space& space);

// Kernel objects that are no pages, into `count` consecutive empty slots; together at most a page, but for a CapTable.
Status make_small(State& state, const Space& space, ObjectType type, Slot slot, u32 count = 1, unsigned size_bits = 0);

// Maps a frame, giving the address space page tables as it needs them. AlreadyMapped: there is something.
[[gnu::cold]] Status map_with_tables(State& state, const Space& space, Slot frame, u64 address, Rights rights, u8 flags);
inline Status map_frame(State& state, const Space& space, Slot frame, u64 address, Rights rights, u8 flags = 0) {
    const Status mapped = effects::map(space.space, frame, address, rights, flags);
    if (mapped.error() != Error::NeedMemory) [[likely]] return mapped;
    return map_with_tables(state, space, frame, address, rights, flags);
}

// Ends everything that was made for the space, which is Emptying or Ending, in steps.
void release_memory(State& state, const Space& space);

}  // namespace eft::memory
