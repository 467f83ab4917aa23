// Memory that belongs to one holder, a space or a memory object: a chain of blocks, each with a run of slots for what
// is made of it. Giving the chain back ends all of it.
#pragma once

#include "blocks.h"
#include "pool.h"

namespace eft::memory {

struct Extent {
    Block block = Block::None;  // None: the frames are somebody else's
    u16 next = 0;
    Slot first = Slot::None;
    u32 slots = 0;
    u32 used = 0;  // pages, from the start of the block
};
using Extents = Pool<Extent, 4096>;

struct Chain {  // indices of extents
    u16 head = 0;
    u16 tail = 0;
};

// Slots of mem's table, which grows if it needs them. LimitReached: it cannot. OutOfMemory: there is no page for it.
Result<Slot> take_slots(State& state, u32 count = 1);
// For a long run, before the request's first change: growing by so much takes more steps than the journal has room for.
Status grow_for_run(State& state, u32 count);

// Another block of 2^bits bytes at the end of the chain, with so many slots. OutOfMemory or LimitReached change nothing.
Result<const Extent*> extend(State& state, const Chain& chain, unsigned bits, u32 slots);
// The same with the block of device memory at this address, of at most 2^max_bits bytes, and a slot for each page.
Result<const Extent*> extend_at(State& state, const Chain& chain, u64 address, unsigned max_bits);
// Frames that others own, in slots that others gave.
Status extend_with_foreign(State& state, const Chain& chain, Slot first, u32 count);

// Ends all that is made of the chain's blocks, and gives blocks and slots back: block by block, with steps between. A
// kill in between leaves a chain that must be released to its end, whose holder says so in a record before.
void release(State& state, const Chain& chain);

}  // namespace eft::memory
