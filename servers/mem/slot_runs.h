// The slots of mem's own table that it manages itself: runs of consecutive ones.
//
// Every page in use takes a slot, and every page of a mapping another one. Runs keep the records small: a block of
// pages needs only the first slot of its run. (The few slots for capabilities in messages are libos' own, below
// kFirst.)
//
// The table has the slots below end(), and grows as it is needed (extents.h). The last of them are a reserve for what
// growing takes.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>
#include <bit>

namespace eft::memory {

class SlotRuns {
public:
    static constexpr u32 kTableBits = 20;
    static constexpr u32 kFirst = 1024;   // libos manages what is below
    static constexpr u32 kReserve = 256;  // two for each split of a block, and those for the new pages' capabilities
    static constexpr u32 kCount = (1u << kTableBits) - kFirst;

    // The slots below this one exist.
    void set_end(u32 end) { words_ = (end - kFirst) / kWordBits; }
    u32 end() const { return kFirst + words_ * kWordBits; }
    bool reserve_in_use() const {
        for (u32 word = open_words(); word < words_; ++word)
            if (taken_[word] != 0) return true;
        return false;
    }

    // LimitReached: none without the reserve.
    Result<Slot> take(u32 count = 1) { return take_below(open_words(), count); }
    Result<Slot> take_of_all(u32 count) { return take_below(words_, count); }
    // The slots are empty again. `first` and `count` are what take() gave.
    void give(Slot first, u32 count = 1) {
        const u32 start = raw(first) - kFirst;
        mark(start, count, false);
        used_ -= count;
        if (start / kWordBits < hint_) hint_ = start / kWordBits;
    }
    u32 used() const { return used_; }

private:
    static constexpr u32 kWordBits = 64;
    static constexpr u32 kWords = kCount / kWordBits;
    static_assert(kCount % kWordBits == 0);

    // The bits at which `count` free ones follow each other, in time logarithmic in `count`.
    static u64 starts_of_runs(u64 free, u32 count) {
        u32 known = 1;
        while (known < count) {
            const u32 step = known < count - known ? known : count - known;
            free &= free >> step;
            known += step;
        }
        return free;
    }

    u32 open_words() const { return words_ < kReserve / kWordBits ? 0 : words_ - kReserve / kWordBits; }

    Result<Slot> take_below(u32 limit, u32 count) {
        if (count == 0 || count > kCount) return Error::LimitReached;
        const u32 start = count < kWordBits ? find_in_word(limit, count) : find_words(limit, count);
        if (start == kCount) return Error::LimitReached;
        mark(start, count, true);
        used_ += count;
        return static_cast<Slot>(kFirst + start);
    }

    u32 find_in_word(u32 limit, u32 count) {
        while (hint_ < limit && taken_[hint_] == ~u64{0}) ++hint_;
        for (u32 word = hint_; word < limit; ++word) {
            if (const u64 starts = starts_of_runs(~taken_[word], count)) {
                return word * kWordBits + static_cast<u32>(std::countr_zero(starts));
            }
        }
        return kCount;
    }

    // Long runs begin at a word.
    u32 find_words(u32 limit, u32 count) {
        const u32 words = (count + kWordBits - 1) / kWordBits;
        u32 empty = 0;
        for (u32 word = hint_; word < limit; ++word) {
            empty = taken_[word] == 0 ? empty + 1 : 0;
            if (empty == words) return (word + 1 - words) * kWordBits;
        }
        return kCount;
    }

    void mark(u32 start, u32 count, bool taken) {
        while (count != 0) {
            const u32 bit = start % kWordBits;
            const u32 here = count < kWordBits - bit ? count : kWordBits - bit;
            const u64 mask = (here == kWordBits ? ~u64{0} : (u64{1} << here) - 1) << bit;
            u64& word = taken_[start / kWordBits];
            word = taken ? word | mask : word & ~mask;
            start += here;
            count -= here;
        }
    }

    std::array<u64, kWords> taken_{};
    u32 words_ = 0;  // of slots that exist
    u32 used_ = 0;
    u32 hint_ = 0;  // no free slot in the words below
};

}  // namespace eft::memory
