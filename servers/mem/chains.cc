#include "chains.h"

#include "effects.h"
#include "state.h"

#include <algorithm>
#include <bit>

namespace eft::memory {
namespace {

constexpr u32 kPagesAtOnce = 16;  // of slots

// How many of the block's pages the table took.
Result<u32> add_slot_pages(State& state, Block block, u32 count) {
    SlotRuns& slots = state.slots;
    EFT_TRY(const Slot first, slots.take_with_reserve(count));
    Status done = effects::make(state.blocks[block].slot, ObjectType::CapPage, first, count);
    u32 added = 0;
    for (; added < count && done.ok(); added += done.ok()) {
        done = effects::add_slots(static_cast<Slot>(slots.end()), slot_at(first, added));
        if (done.ok()) slots.set_end(slots.end() + kPageSlots);
    }
    if (added != 0) {
        set(state.table_pages, state.table_pages + added);
        return added;
    }
    effects::remove(first, count);
    slots.give(first, count);
    return done.error();
}

// A block of pages with slots for the table, at most as many as wanted. They stay.
Status grow_table(State& state, u32 wanted) {
    const auto left = static_cast<u32>(((1u << SlotRuns::kTableBits) - state.slots.end()) / kPageSlots);
    if (left == 0) return Error::LimitReached;
    for (u32 count = std::bit_floor(std::min({wanted, left, kPagesAtOnce}));; count /= 2) {
        const Result<Block> block = take_block(state, kPageBits + static_cast<unsigned>(std::countr_zero(count)));
        if (block.error() == Error::OutOfMemory && count > 1) continue;
        if (!block.ok()) return block.error();
        const Result<u32> added = add_slot_pages(state, *block, count);
        if (!added.ok()) give_block(state, *block);
        return added.error();
    }
}

// Before a block is taken: splitting it may need the reserve.
Status refill_reserve(State& state) {
    while (state.slots.reserve_in_use()) EFT_CHECK(grow_table(state, 1));
    return {};
}

// The block is given back if this fails.
Result<const Extent*> append(State& state, const Chain& chain, Block block, u32 slots) {
    const Result<Slot> first = slots == 0 ? Result<Slot>(Slot::None) : take_slots(state, slots);
    const Result<u16> index = first.ok() ? state.extents.take() : Result<u16>(first.error());
    if (!index.ok()) {
        if (first.ok() && slots != 0) state.slots.give(*first, slots);
        if (block != Block::None) give_block(state, block);
        return index.error();
    }
    const Extent& extent = state.extents[*index];
    edit(extent) = {.block = block, .first = *first, .slots = slots};
    set(chain.tail == 0 ? chain.head : state.extents[chain.tail].next, *index);
    set(chain.tail, *index);
    return &extent;
}

}  // namespace

Result<Slot> take_slots(State& state, u32 count) {
    for (;;) {
        const Result<Slot> run = state.slots.take(count);
        if (run.ok() || count == 0) return run;
        EFT_CHECK(grow_table(state, static_cast<u32>((count + kPageSlots - 1) / kPageSlots)));
    }
}

Status grow_for_run(State& state, u32 count) {
    if (count <= kPagesAtOnce * kPageSlots) return {};
    for (;;) {
        const Result<Slot> run = state.slots.take(count);
        if (run.ok()) state.slots.give(*run, count);
        const Status grown = run.ok() ? Status() : grow_table(state, static_cast<u32>((count + kPageSlots - 1) / kPageSlots));
        checkpoint();
        if (run.ok() || !grown.ok()) return grown;
    }
}

Result<const Extent*> extend(State& state, const Chain& chain, unsigned bits, u32 slots) {
    EFT_CHECK(refill_reserve(state));
    EFT_TRY(const Block block, take_block(state, bits));
    return append(state, chain, block, slots);
}

Result<const Extent*> extend_at(State& state, const Chain& chain, u64 address, unsigned max_bits) {
    EFT_CHECK(refill_reserve(state));
    EFT_TRY(const Block block, take_block_at(state, address, max_bits));
    return append(state, chain, block, state.blocks[block].pages());
}

Status extend_with_foreign(State& state, const Chain& chain, Slot first, u32 count) {
    EFT_TRY(const Extent* extent, append(state, chain, Block::None, 0));
    set(extent->first, first);
    set(extent->used, count);
    return {};
}

void release(State& state, const Chain& chain) {
    while (chain.head != 0) {
        const u16 index = chain.head;
        const Extent extent = state.extents[index];
        set(chain.head, extent.next);
        if (extent.next == 0) set(chain.tail, 0);
        if (extent.block != Block::None) give_block(state, extent.block);
        if (extent.slots != 0) state.slots.give(extent.first, extent.slots);
        state.extents.give(index);
        step();
    }
}

}  // namespace eft::memory
