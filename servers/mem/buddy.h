// Blocks of physical memory: a buddy system over Untyped capabilities.
//
// A block is an Untyped of a power of two bytes, at least a page. Splitting is `retype` into two halves; two free
// halves become their parent again by revoking it. Giving a block back revokes it, so that whatever was made of it ends
// there: that is how a space dies. Ordinary blocks are taken by size; blocks of device memory by address.
//
//   Free (in a list, if ordinary) -- split --> Split, its children Free
//   Free -- take --> Taken -- give --> Free, and upwards: Split with two Free children -- join --> Free
#pragma once

#include "slot_runs.h"

#include <array>
#include <bit>

namespace eft::memory {

enum class Block : u16 { None = 0xffff };

template <class Kernel>
class Buddy {
public:
    static constexpr u32 kMaxRoots = 256;
    static constexpr u32 kMaxPairs = 4096;

    Buddy(Kernel& kernel, SlotRuns& slots) : kernel_(kernel), slots_(slots) { lists_.fill(kNone); }

    // Memory that mem was given. An untyped that is in use already keeps its used part: only the rest becomes blocks.
    Status add(Slot untyped) {
        EFT_TRY(const auto info, kernel_.inspect_untyped(untyped));
        if (info.size_bits < kPageBits) return {};
        if (info.used == 0) return add_root(untyped, info.address, info.size_bits, info.device);
        const u64 size = u64{1} << info.size_bits;
        for (u64 at = page_up(info.used); at < size;) {
            const auto bits = static_cast<unsigned>(std::countr_zero(at));
            EFT_TRY(const Slot piece, slots_.take_of_all(1));
            EFT_CHECK(kernel_.retype(untyped, ObjectType::Untyped, piece, 1, bits));
            EFT_CHECK(add_root(piece, info.address + at, bits, info.device));
            at += u64{1} << bits;
        }
        return {};
    }

    // A block of ordinary memory.
    Result<Block> take(unsigned bits) {
        unsigned from = bits;
        while (from < kLists && lists_[from] == kNone) ++from;
        if (from >= kLists) return Error::OutOfMemory;
        u16 node = lists_[from];
        while (nodes_[node].bits > bits) {
            EFT_CHECK(split_or_tidy(node));
            node = nodes_[node].children;
        }
        occupy(node);
        return static_cast<Block>(node);
    }

    // The block of device memory at exactly this address, of at most 2^max_bits bytes: less where the memory that mem
    // was given ends. OutOfRange: there is none. AlreadyExists: (a part of) it is taken.
    Result<Block> take_at(u64 address, unsigned max_bits) {
        u16 node = find_device_root(address);
        if (node == kNone) return Error::OutOfRange;
        const unsigned bits = max_bits < nodes_[node].bits ? max_bits : nodes_[node].bits;
        while (nodes_[node].bits > bits) {
            if (nodes_[node].state == State::Taken) return Error::AlreadyExists;
            if (nodes_[node].state == State::Free) EFT_CHECK(split_or_tidy(node));
            node = nodes_[node].children;
            if (address >= nodes_[node].address + size(node)) ++node;
        }
        const bool exact = nodes_[node].address == address;
        if (!exact || nodes_[node].state != State::Free) {
            join_upwards(node);
            return exact ? Error::AlreadyExists : Error::OutOfRange;
        }
        occupy(node);
        return static_cast<Block>(node);
    }

    // Ends everything that was made of the block.
    void give(Block block) {
        const u16 node = static_cast<u16>(block);
        static_cast<void>(kernel_.revoke(nodes_[node].slot));
        set_free(node);
        if (!nodes_[node].device) free_pages_ += size(node) >> kPageBits;
        join_upwards(node);
    }

    Slot slot(Block block) const { return nodes_[static_cast<u16>(block)].slot; }
    u64 address(Block block) const { return nodes_[static_cast<u16>(block)].address; }
    u32 pages(Block block) const { return static_cast<u32>(size(static_cast<u16>(block)) >> kPageBits); }
    u64 free_pages() const { return free_pages_; }
    u64 total_pages() const { return total_pages_; }

private:
    static constexpr u16 kNone = 0xffff;
    static constexpr unsigned kLists = kMaxUntypedBits + 1;

    enum class State : u8 { Unused, Free, Split, Taken };
    struct Node {
        u64 address;
        Slot slot;
        u8 bits;
        State state = State::Unused;
        bool device;
        u16 parent;
        u16 children;        // the first of two consecutive nodes; of unused pairs: the next unused pair
        u16 next, previous;  // of the list of free blocks of this size
    };

    u64 size(u16 node) const { return u64{1} << nodes_[node].bits; }

    Status add_root(Slot untyped, u64 address, unsigned bits, bool device) {
        if (roots_ == kMaxRoots) return Error::LimitReached;
        const u16 node = roots_++;
        nodes_[node] = {address, untyped, static_cast<u8>(bits), State::Free, device, kNone, kNone, kNone, kNone};
        if (!device) {
            push(node);
            free_pages_ += size(node) >> kPageBits;
            total_pages_ += size(node) >> kPageBits;
        }
        return {};
    }

    u16 find_device_root(u64 address) const {
        for (u16 node = 0; node < roots_; ++node) {
            if (nodes_[node].device && address >= nodes_[node].address && address - nodes_[node].address < size(node))
                return node;
        }
        return kNone;
    }

    u16 take_pair() {
        if (unused_pairs_ != kNone) {
            const u16 pair = unused_pairs_;
            unused_pairs_ = nodes_[pair].children;
            return pair;
        }
        return pairs_ == kMaxPairs ? kNone : static_cast<u16>(kMaxRoots + 2 * pairs_++);
    }
    void give_pair(u16 pair) {
        nodes_[pair].state = nodes_[pair + 1].state = State::Unused;
        nodes_[pair].children = unused_pairs_;
        unused_pairs_ = pair;
    }

    Status split(u16 node) {
        EFT_TRY(const Slot halves, slots_.take_of_all(2));
        const u16 pair = take_pair();
        Status made = pair == kNone
                          ? Status(Error::LimitReached)
                          : kernel_.retype(nodes_[node].slot, ObjectType::Untyped, halves, 2, nodes_[node].bits - 1u);
        if (!made.ok()) {
            if (pair != kNone) give_pair(pair);
            slots_.give(halves, 2);
            return made;
        }
        Node& parent = nodes_[node];
        if (!parent.device) unlink(node);
        parent.state = State::Split;
        parent.children = pair;
        for (u16 i = 0; i < 2; ++i) {
            const auto bits = static_cast<u8>(parent.bits - 1);
            nodes_[pair + i] = {parent.address + (u64{i} << bits),
                                static_cast<Slot>(raw(halves) + i),
                                bits,
                                State::Free,
                                parent.device,
                                node,
                                kNone,
                                kNone,
                                kNone};
        }
        if (!parent.device) {
            push(static_cast<u16>(pair + 1));
            push(pair);
        }
        return {};
    }

    // What was split on the way to a block that cannot be made is joined again.
    Status split_or_tidy(u16 node) {
        const Status made = split(node);
        if (!made.ok()) join_upwards(node);
        return made;
    }

    void join_upwards(u16 node) {
        for (u16 parent = nodes_[node].parent; parent != kNone; parent = nodes_[node].parent) {
            const u16 pair = nodes_[parent].children;
            if (nodes_[pair].state != State::Free || nodes_[pair + 1].state != State::Free) return;
            if (!nodes_[parent].device) {
                unlink(pair);
                unlink(static_cast<u16>(pair + 1));
            }
            const Slot halves = nodes_[pair].slot;
            static_cast<void>(kernel_.revoke(nodes_[parent].slot));
            slots_.give(halves, 2);
            give_pair(pair);
            set_free(parent);
            node = parent;
        }
    }

    void occupy(u16 node) {
        if (!nodes_[node].device) {
            unlink(node);
            free_pages_ -= size(node) >> kPageBits;
        }
        nodes_[node].state = State::Taken;
    }
    void set_free(u16 node) {
        nodes_[node].state = State::Free;
        nodes_[node].children = kNone;
        if (!nodes_[node].device) push(node);
    }

    void push(u16 node) {
        u16& head = lists_[nodes_[node].bits];
        nodes_[node].previous = kNone;
        nodes_[node].next = head;
        if (head != kNone) nodes_[head].previous = node;
        head = node;
    }
    void unlink(u16 node) {
        const Node& which = nodes_[node];
        (which.previous == kNone ? lists_[which.bits] : nodes_[which.previous].next) = which.next;
        if (which.next != kNone) nodes_[which.next].previous = which.previous;
    }

    Kernel& kernel_;
    SlotRuns& slots_;
    std::array<Node, kMaxRoots + 2 * kMaxPairs> nodes_{};
    std::array<u16, kLists> lists_;
    u16 roots_ = 0;
    u16 pairs_ = 0;
    u16 unused_pairs_ = kNone;
    u64 free_pages_ = 0;
    u64 total_pages_ = 0;
};

}  // namespace eft::memory
