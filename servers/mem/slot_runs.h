// The slots of mem's own table that it manages itself: runs of consecutive ones.
//
// Every page in use takes a slot, and every page of a mapping another one. Runs keep the records small: a block of
// pages needs only the first slot of its run. (The few slots for capabilities in messages are libos' own, below
// kFirst.)
//
// The table has the slots below end(), and grows as it is needed (chains.h). The last of them are a reserve for what
// growing takes.
#pragma once

#include "journal.h"

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <algorithm>
#include <array>
#include <bit>

namespace eft::memory {

// Of a run of slots, the one behind `index` others.
constexpr Slot slot_at(Slot first, u32 index) { return static_cast<Slot>(raw(first) + index); }

// Plain data; zeros are a table without slots.
class SlotRuns {
public:
    static constexpr u32 kTableBits = 20;
    static constexpr u32 kFirst = 1024;   // libos manages what is below
    static constexpr u32 kReserve = 256;  // two for each split of a block, and those for the new pages' capabilities
    static constexpr u32 kCount = (1u << kTableBits) - kFirst;

    // The slots below this one exist.
    void set_end(u32 end) { set(words_, (end - kFirst) / kWordBits); }
    u32 end() const { return kFirst + words_ * kWordBits; }
    bool reserve_in_use() const;

    // LimitReached: there is no such run without the reserve.
    Result<Slot> take(u32 count = 1) { return take_below(open_words(), count); }
    Result<Slot> take_with_reserve(u32 count) { return take_below(words_, count); }
    // The slots are empty again. `first` and `count` are what take() gave.
    void give(Slot first, u32 count = 1);
    u32 used() const { return used_; }

    // After changes were undone (undone.h): free runs among the slots whose bits lie in these bytes of this object.
    template <class Visit>
    void for_each_free(std::size_t offset, std::size_t size, Visit visit) const;
    void forget_hints() { hints_ = {}; }

private:
    static constexpr u32 kWordBits = 64;
    static constexpr u32 kWords = kCount / kWordBits;
    static_assert(kCount % kWordBits == 0);

    u32 open_words() const { return words_ < kReserve / kWordBits ? 0 : words_ - kReserve / kWordBits; }
    Result<Slot> take_below(u32 limit, u32 count);
    u32 find_in_word(u32 limit, u32 count);
    u32 find_words(u32 limit, u32 count);
    void mark(u32 start, u32 count, bool taken);

    std::array<u64, kWords> taken_{};  // a bit for each slot
    u32 words_ = 0;                      // of slots that exist
    u32 used_ = 0;
    // Not in the journal: for single slots, for short runs, and for those of a word and more: in the words below there is no free slot, no two in
    // a row, and no free word.
    std::array<u32, 3> hints_{};
};

template <class Visit>
void SlotRuns::for_each_free(std::size_t offset, std::size_t size, Visit visit) const {
    const std::size_t first = offset / sizeof(u64), end = std::min<std::size_t>((offset + size + sizeof(u64) - 1) / sizeof(u64), kWords);
    for (std::size_t word = first; word < end; ++word) {
        for (u32 bit = 0; bit < kWordBits;) {
            const u64 left = taken_[word] >> bit;
            const u32 free = left == 0 ? kWordBits - bit : static_cast<u32>(std::countr_zero(left));
            if (free != 0) visit(static_cast<Slot>(kFirst + word * kWordBits + bit), free);
            bit += free;
            if (bit < kWordBits) bit += static_cast<u32>(std::countr_one(taken_[word] >> bit));
        }
    }
}

}  // namespace eft::memory
