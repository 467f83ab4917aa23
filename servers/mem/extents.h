// Memory that belongs to one holder, a space or a memory object: a chain of blocks, each with a run of slots for what
// is made of it. Giving the chain back ends all of it.
#pragma once

#include "buddy.h"

#include <algorithm>

namespace eft::memory {

using ExtentIndex = u16;
constexpr ExtentIndex kNoExtent = 0xffff;

struct Extent {
    Block block = Block::None;  // None: the frames are somebody else's
    ExtentIndex next = kNoExtent;
    Slot first = Slot::None;
    u32 slots = 0;
    u32 used = 0;  // pages, from the start of the block
};

struct Chain {
    ExtentIndex head = kNoExtent;
    ExtentIndex tail = kNoExtent;
};

// What everybody in mem takes memory and slots from.
template <class Kernel>
class Store {
public:
    static constexpr u32 kMaxExtents = 4096;

    explicit Store(Kernel& kernel_calls) : kernel(kernel_calls), buddy(kernel_calls, slots) {}

    // Slots of mem's table, which grows if it needs them.
    Result<Slot> take_slots(u32 count = 1) {
        for (;;) {
            const Result<Slot> run = slots.take(count);
            if (run.ok() || run.error() != Error::LimitReached || count == 0) return run;
            EFT_CHECK(grow((count + kPageSlots - 1) / kPageSlots));
        }
    }

    // Another block at the end of the chain, with `slot_count` slots. OutOfMemory or LimitReached change nothing.
    Status extend(Chain& chain, unsigned bits, u32 slot_count) {
        while (slots.reserve_in_use()) EFT_CHECK(grow(1));
        EFT_TRY(const Block block, buddy.take(bits));
        return append(chain, block, slot_count);
    }
    // Device memory; `bits` becomes what was taken.
    Status extend_at(Chain& chain, u64 address, unsigned max_bits) {
        while (slots.reserve_in_use()) EFT_CHECK(grow(1));
        EFT_TRY(const Block block, buddy.take_at(address, max_bits));
        return append(chain, block, buddy.pages(block));
    }

    // Frames that others own, in slots that others gave.
    Status add_foreign(Chain& chain, Slot first, u32 count) {
        EFT_CHECK(append(chain, Block::None, 0));
        last(chain)->first = first;
        last(chain)->used = count;
        return {};
    }

    void release(Chain& chain) {
        while (chain.head != kNoExtent) {
            const ExtentIndex index = chain.head;
            const Extent extent = extents_[index];
            chain.head = extent.next;
            if (extent.block != Block::None) buddy.give(extent.block);
            if (extent.slots != 0) slots.give(extent.first, extent.slots);
            extents_[index].next = unused_;
            unused_ = index;
        }
        chain.tail = kNoExtent;
    }

    Extent& operator[](ExtentIndex index) { return extents_[index]; }
    Extent* last(const Chain& chain) { return chain.tail == kNoExtent ? nullptr : &extents_[chain.tail]; }
    u32 pages(const Extent& extent) const { return buddy.pages(extent.block); }

    Kernel& kernel;
    SlotRuns slots;
    Buddy<Kernel> buddy;

private:
    Status append(Chain& chain, Block block, u32 slot_count) {
        Slot first = Slot::None;
        ExtentIndex index = unused_;
        if (index == kNoExtent && fresh_ == kMaxExtents) {
            if (block != Block::None) buddy.give(block);
            return Error::LimitReached;
        }
        if (slot_count != 0) {
            const Result<Slot> run = take_slots(slot_count);
            if (!run.ok()) {
                buddy.give(block);
                return run.error();
            }
            first = *run;
        }
        if (index != kNoExtent) {
            unused_ = extents_[index].next;
        } else {
            index = fresh_++;
        }
        extents_[index] = {block, kNoExtent, first, slot_count, 0};
        (chain.tail == kNoExtent ? chain.head : extents_[chain.tail].next) = index;
        chain.tail = index;
        return {};
    }

    static constexpr u32 kPagesAtOnce = 16;

    // A block of pages with slots for the table, of at most so many. They stay.
    Status grow(u64 wanted) {
        if (slots.end() == 1u << SlotRuns::kTableBits) return Error::LimitReached;
        const u32 left = ((1u << SlotRuns::kTableBits) - slots.end()) / kPageSlots;
        for (u32 count = std::bit_floor(static_cast<u32>(std::min<u64>(wanted, std::min(left, kPagesAtOnce))));; count /= 2) {
            const Result<Block> block = buddy.take(kPageBits + static_cast<unsigned>(std::countr_zero(count)));
            if (block.error() == Error::OutOfMemory && count > 1) continue;
            if (!block.ok()) return block.error();
            const Result<u32> added = add_pages(*block, count);
            if (!added.ok()) buddy.give(*block);
            return added.error();
        }
    }
    // How many of them the table took.
    Result<u32> add_pages(Block block, u32 count) {
        EFT_TRY(const Slot first, slots.take_of_all(count));
        Status done = kernel.retype(buddy.slot(block), ObjectType::CapPage, first, count);
        u32 added = 0;
        for (; added < count && done.ok(); added += done.ok()) {
            done = kernel.donate_slots(static_cast<Slot>(slots.end()), static_cast<Slot>(raw(first) + added));
            if (done.ok()) slots.set_end(slots.end() + kPageSlots);
        }
        if (added != 0) return added;
        static_cast<void>(kernel.remove(first, count));
        slots.give(first, count);
        return done.error();
    }

    std::array<Extent, kMaxExtents> extents_{};
    ExtentIndex unused_ = kNoExtent;
    ExtentIndex fresh_ = 0;
};

}  // namespace eft::memory
