// A hierarchical timing wheel (Varghese and Lauck, 1987) over 64-bit nanoseconds, exact to one.
//
// Level L has 64 slots of 64^L ns each. A timer hangs in the level of the highest bits in which its
// deadline differs from `elapsed`, in the slot that its deadline has there:
//
//     elapsed  = ...  000001 | 000111 | 010000        deadline in the same level-1 slot -> level 0
//     deadline = ...  000001 | 001010 | 000011        differs first in level 1, slot 10
//
// So every timer in a level is earlier than every timer in a higher one, and slots before the
// present one are empty: the earliest timer is in the first used slot of the lowest used level,
// which two find-first-bit operations give. When time reaches a slot of a higher level, its timers
// move down. Arming and cancelling are O(1); a timer moves at most once per level in its life.
//
// The timers are the caller's numbers 0..Count-1; their links are indices inside the wheel, not
// pointers, so a wheel is trivially copyable and may lie in a state region.
#pragma once

#include <eft/abi/types.h>

#include <array>
#include <optional>

namespace eft::timer {

template <u16 Count>
class TimerWheel {
public:
    static_assert(Count != 0 && Count < 0xffff);

    // Time starts at `elapsed` and only goes on.
    explicit constexpr TimerWheel(u64 elapsed = 0) : elapsed_(elapsed) {
        for (auto& level : heads_) level.fill(kNone);
    }

    // A deadline that is past is due at once. An armed timer is moved.
    void arm(u16 timer, u64 deadline) {
        cancel(timer);
        nodes_[timer].deadline = deadline > elapsed_ ? deadline : elapsed_;
        link(timer);
        ++armed_;
    }

    void cancel(u16 timer) {
        if (!is_armed(timer)) return;
        unlink(timer);
        --armed_;
    }

    bool is_armed(u16 timer) const { return nodes_[timer].level != kUnlinked; }
    u16 armed() const { return armed_; }

    // The exact deadline of the earliest timer: what to set the alarm to.
    std::optional<u64> next_deadline() const {
        const std::optional<Place> place = first_place();
        if (!place) return std::nullopt;
        u64 earliest = ~0ull;
        for (u16 timer = heads_[place->level][place->slot]; timer != kNone; timer = nodes_[timer].next)
            if (nodes_[timer].deadline < earliest) earliest = nodes_[timer].deadline;
        return earliest;
    }

    // Takes one timer that is due at `now` out of the wheel, the earliest first; called until it
    // returns nothing. Timers with the same deadline come in no particular order.
    std::optional<u16> take_due(u64 now) {
        while (const std::optional<Place> place = first_place()) {
            const u64 start = start_of(*place);
            if (start > now) break;
            if (start > elapsed_) elapsed_ = start;
            if (place->level == 0) {
                const u16 timer = heads_[0][place->slot];
                cancel(timer);
                return timer;
            }
            move_down(*place);
        }
        if (now > elapsed_) elapsed_ = now;  // no used slot lies in between, so no timer's place changes
        return std::nullopt;
    }

private:
    static constexpr unsigned kBits = 6;
    static constexpr unsigned kSlots = 1u << kBits;
    static constexpr unsigned kLevels = (64 + kBits - 1) / kBits;
    static constexpr u16 kNone = 0xffff;
    static constexpr u8 kUnlinked = 0xff;

    struct Place {
        u8 level;
        u8 slot;
    };
    struct Node {
        u64 deadline = 0;
        u16 next = kNone;
        u16 previous = kNone;
        u8 level = kUnlinked;
        u8 slot = 0;
    };

    Place place_of(u64 deadline) const {
        const u64 difference = deadline ^ elapsed_;
        const unsigned level =
            difference == 0 ? 0 : (63u - static_cast<unsigned>(__builtin_clzll(difference))) / kBits;
        return {static_cast<u8>(level), static_cast<u8>((deadline >> (level * kBits)) & (kSlots - 1))};
    }

    // The first moment of a slot, given that everything above its level is as in `elapsed`.
    u64 start_of(Place place) const {
        const unsigned above = (place.level + 1u) * kBits;
        const u64 high = above >= 64 ? 0 : (elapsed_ >> above) << above;
        return high | u64{place.slot} << (place.level * kBits);
    }

    std::optional<Place> first_place() const {
        if (used_levels_ == 0) return std::nullopt;
        const u8 level = static_cast<u8>(__builtin_ctz(used_levels_));
        return Place{level, static_cast<u8>(__builtin_ctzll(used_slots_[level]))};
    }

    void link(u16 timer) {
        Node& node = nodes_[timer];
        const Place place = place_of(node.deadline);
        node.level = place.level;
        node.slot = place.slot;
        u16& head = heads_[place.level][place.slot];
        node.previous = kNone;
        node.next = head;
        if (head != kNone) nodes_[head].previous = timer;
        head = timer;
        used_slots_[place.level] |= 1ull << place.slot;
        used_levels_ |= 1u << place.level;
    }

    void unlink(u16 timer) {
        Node& node = nodes_[timer];
        u16& head = heads_[node.level][node.slot];
        if (node.previous != kNone) nodes_[node.previous].next = node.next;
        else head = node.next;
        if (node.next != kNone) nodes_[node.next].previous = node.previous;
        if (head == kNone) {
            used_slots_[node.level] &= ~(1ull << node.slot);
            if (used_slots_[node.level] == 0) used_levels_ &= ~(1u << node.level);
        }
        node.level = kUnlinked;
    }

    void move_down(Place place) {
        for (u16 timer = heads_[place.level][place.slot]; timer != kNone;) {
            const u16 next = nodes_[timer].next;
            unlink(timer);
            link(timer);  // `elapsed` is in this slot now, so the level is lower
            timer = next;
        }
    }

    std::array<Node, Count> nodes_{};
    std::array<std::array<u16, kSlots>, kLevels> heads_;
    std::array<u64, kLevels> used_slots_{};
    u32 used_levels_ = 0;
    u16 armed_ = 0;
    u64 elapsed_;
};

}  // namespace eft::timer
