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
[[gnu::cold]] Result<Extent*> grow(State& state, Space& space);

// A page-sized object (frame, page table, or an untyped page) in a slot that belongs to its block. Inlined, as
// map_frame() is, because a page fault waits for little else.
inline Result<Slot> take_page(State& state, Space& space, ObjectType type) {
    const unsigned size_bits = type == ObjectType::Untyped ? kPageBits : 0;
    Extent* extent = &state.extents[space.pages.tail];
    if (space.pages.tail == 0 || extent->used == extent->slots) [[unlikely]] {
        EFT_TRY(extent, grow(state, space));
    }
    const Slot slot = slot_at(extent->first, extent->used);
    EFT_CHECK(effects::make(state.blocks[extent->block].slot, type, slot, 1, size_bits));
    ++extent->used;
    return slot;
}

// The AddressSpace takes the first two pages of the first block.
Status take_address_space(State& state, Space& space);

// Kernel objects that are no pages, into `count` consecutive empty slots; together at most a page, but for a CapTable.
Status make_small(State& state, Space& space, ObjectType type, Slot slot, u32 count = 1, unsigned size_bits = 0);

// Maps a frame, giving the address space page tables as it needs them. AlreadyMapped: there is something.
[[gnu::cold]] Status map_with_tables(State& state, Space& space, Slot frame, u64 address, Rights rights, u8 flags);
inline Status map_frame(State& state, Space& space, Slot frame, u64 address, Rights rights, u8 flags = 0) {
    const Status mapped = effects::map(space.space, frame, address, rights, flags);
    if (mapped.error() != Error::NeedMemory) [[likely]] return mapped;
    return map_with_tables(state, space, frame, address, rights, flags);
}

// Ends everything that was made for the space.
void release_memory(State& state, Space& space);

}  // namespace eft::memory
