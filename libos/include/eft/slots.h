// Which slots of a range of the CapTable are free. Volatile: a restart forgets it, together with the scratch slots.
//
// A bit per slot, and above it two levels of bits that say which words below have a free one, so that a slot is found
// by three bit scans. Slots are handed out from below, which keeps the leaves of the CapTable few. Runs of neighbouring
// slots (messages with several capabilities, retype) are searched for along the bits.
#pragma once

#include <eft/abi/types.h>

#include <bit>

namespace eft {

template <u32 Capacity>
class SlotAllocator {
    static_assert(Capacity >= 1 && Capacity <= 64 * 64 * 64);

public:
    // Slots first to first + count - 1, all free; at most Capacity of them are used.
    constexpr SlotAllocator(Slot first, u32 count) : first_(raw(first)), count_(count < Capacity ? count : Capacity) {
        for (u32 at = 0; at < count_; ++at) mark_free(at);
        free_ = count_;
    }

    // Slot::None if all are in use.
    Slot allocate() {
        if (top_ == 0) return Slot::None;
        const u32 group = static_cast<u32>(std::countr_zero(top_));
        const u32 word = group * 64 + static_cast<u32>(std::countr_zero(groups_[group]));
        const u32 at = word * 64 + static_cast<u32>(std::countr_zero(words_[word]));
        mark_used(at);
        --free_;
        return Slot{first_ + at};
    }

    // `length` neighbouring slots, the first of them; Slot::None if there is no such run.
    Slot allocate_run(u32 length) {
        if (length == 0 || length > free_) return Slot::None;
        for (u32 at = 0, found = 0; at < count_;) {
            const u64 word = words_[at / 64];
            if (at % 64 == 0 && word == 0) {
                found = 0;
                at += 64;
                continue;
            }
            found = word >> at % 64 & 1 ? found + 1 : 0;
            ++at;
            if (found == length) {
                for (u32 slot = at - length; slot < at; ++slot) mark_used(slot);
                free_ -= length;
                return Slot{first_ + at - length};
            }
        }
        return Slot::None;
    }

    // Takes this very slot. False if it is not of the range, or in use.
    bool reserve(Slot slot) {
        if (!is_free(slot)) return false;
        mark_used(raw(slot) - first_);
        --free_;
        return true;
    }

    // False, and nothing is changed, if one of them is not of the range, or is free already.
    bool free(Slot slot, u32 length = 1) {
        const u32 at = raw(slot) - first_;
        if (raw(slot) < first_ || at >= count_ || length > count_ - at) return false;
        for (u32 i = 0; i < length; ++i)
            if (bit(at + i)) return false;
        for (u32 i = 0; i < length; ++i) mark_free(at + i);
        free_ += length;
        return true;
    }

    bool contains(Slot slot) const { return raw(slot) >= first_ && raw(slot) - first_ < count_; }
    bool is_free(Slot slot) const { return contains(slot) && bit(raw(slot) - first_); }
    u32 free_count() const { return free_; }
    u32 used_count() const { return count_ - free_; }

private:
    static constexpr u32 kWords = (Capacity + 63) / 64;
    static constexpr u32 kGroups = (kWords + 63) / 64;

    constexpr bool bit(u32 at) const { return words_[at / 64] >> at % 64 & 1; }
    constexpr void mark_free(u32 at) {
        words_[at / 64] |= u64{1} << at % 64;
        groups_[at / 4096] |= u64{1} << at / 64 % 64;
        top_ |= u64{1} << at / 4096;
    }
    constexpr void mark_used(u32 at) {
        if ((words_[at / 64] &= ~(u64{1} << at % 64)) != 0) return;
        if ((groups_[at / 4096] &= ~(u64{1} << at / 64 % 64)) != 0) return;
        top_ &= ~(u64{1} << at / 4096);
    }

    u32 first_;
    u32 count_;
    u32 free_ = 0;
    u64 top_ = 0;               // bit g: groups_[g] is not 0
    u64 groups_[kGroups] = {};  // bit w: words_[64 g + w] is not 0
    u64 words_[kWords] = {};    // bit s: slot 64 w + s is free
};

}  // namespace eft
