#include "slot_runs.h"

#include <algorithm>
#include <bit>

namespace eft::memory {
namespace {

// The bits at which `count` free ones follow each other, in time logarithmic in `count`.
u64 starts_of_runs(u64 free, u32 count) {
    u32 known = 1;
    while (known < count) {
        const u32 step = std::min(known, count - known);
        free &= free >> step;
        known += step;
    }
    return free;
}

}  // namespace

bool SlotRuns::reserve_in_use() const {
    for (u32 word = open_words(); word < words_; ++word)
        if (taken_[word] != 0) return true;
    return false;
}

void SlotRuns::give(Slot first, u32 count) {
    const u32 start = raw(first) - kFirst;
    mark(start, count, false);
    set(used_, used_ - count);
    for (u32& hint : hints_) hint = std::min(hint, start / kWordBits);
}

Result<Slot> SlotRuns::take_below(u32 limit, u32 count) {
    if (count == 0 || count > kCount) return Error::LimitReached;
    const u32 start = count < kWordBits ? find_in_word(limit, count) : find_words(limit, count);
    if (start == kCount) return Error::LimitReached;
    mark(start, count, true);
    set(used_, used_ + count);
    return static_cast<Slot>(kFirst + start);
}

u32 SlotRuns::find_in_word(u32 limit, u32 count) {
    u32& hint = hints_[count > 1];
    for (u32 word = hint; word < limit; ++word) {
        if (taken_[word] == ~u64{0}) continue;
        const u64 starts = starts_of_runs(~taken_[word], count);
        if (starts == 0) continue;
        if (count <= 2) hint = word;
        return word * kWordBits + static_cast<u32>(std::countr_zero(starts));
    }
    return kCount;
}

// Long runs begin at a word.
u32 SlotRuns::find_words(u32 limit, u32 count) {
    const u32 words = (count + kWordBits - 1) / kWordBits;
    u32 empty = 0;
    u32& hint = hints_[2];
    while (hint < limit && taken_[hint] != 0) ++hint;
    for (u32 word = hint; word < limit; ++word) {
        empty = taken_[word] == 0 ? empty + 1 : 0;
        if (empty == words) return (word + 1 - words) * kWordBits;
    }
    return kCount;
}

void SlotRuns::mark(u32 start, u32 count, bool taken) {
    const u32 first = start / kWordBits, last = (start + count - 1) / kWordBits;
    note_change(&taken_[first], (last - first + 1) * sizeof(u64));
    while (count != 0) {
        const u32 bit = start % kWordBits;
        const u32 here = std::min(count, kWordBits - bit);
        const u64 mask = (here == kWordBits ? ~u64{0} : (u64{1} << here) - 1) << bit;
        u64& word = taken_[start / kWordBits];
        word = taken ? word | mask : word & ~mask;
        start += here;
        count -= here;
    }
}

}  // namespace eft::memory
