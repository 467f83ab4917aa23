// Blocks of physical memory: a buddy system over Untyped capabilities.
//
// A block is an Untyped of a power of two bytes, at least a page. Splitting makes two halves of it; two free halves
// become their parent again by revoking it. Giving a block back revokes it, so that whatever was made of it ends there:
// that is how a space dies. Ordinary blocks are taken by size; blocks of device memory by address.
//
//   Free (in a list, if ordinary) -- split --> Split, its children Free
//   Free -- take --> Taken -- give --> Free, and upwards: Split with two Free children -- join --> Free
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>

namespace eft::memory {

struct State;

enum class Block : u16 { None = 0 };

// Plain data; zeros are no blocks. Sizes are powers of two, in bytes; free_pages and total_pages count ordinary memory.
struct Blocks {
    static constexpr u16 kMaxRoots = 256;
    static constexpr u16 kMaxPairs = 4096;

    enum class Use : u8 { Unused, Free, Split, Taken };
    struct Node {
        u64 address = 0;
        Slot slot = Slot::None;
        u8 bits = 0;
        Use use = Use::Unused;
        bool device = false;
        Block parent = Block::None;
        Block children = Block::None;  // the first of two neighbours; of unused pairs: the next unused pair
        Block next = Block::None;      // in the list of free blocks of this size
        Block previous = Block::None;

        u64 size() const { return u64{1} << bits; }
        u32 pages() const { return static_cast<u32>(size() >> kPageBits); }
    };

    const Node& operator[](Block block) const { return nodes[static_cast<u16>(block)]; }

    std::array<Node, 1 + kMaxRoots + 2 * kMaxPairs> nodes{};  // roots from 1 on, then the pairs
    std::array<Block, kMaxUntypedBits + 1> free{};            // ordinary ones, by log2 of the size
    u16 roots = 0;
    u16 pairs = 0;
    u16 pairs_in_use = 0;
    Block unused_pairs = Block::None;
    u64 free_pages = 0;
    u64 total_pages = 0;
};

// Memory that mem was given. An untyped that is in use already keeps its used part: only the rest becomes blocks.
Status add_memory(State& state, Slot untyped);

// A block of ordinary memory. OutOfMemory: there is none of this size. LimitReached: no slots or records to split one.
Result<Block> take_block(State& state, unsigned bits);

// The block of device memory at exactly this address, of at most 2^max_bits bytes: less where the memory that mem was
// given ends. OutOfRange: there is none. AlreadyExists: (a part of) it is taken.
Result<Block> take_block_at(State& state, u64 address, unsigned max_bits);

// Ends everything that was made of the block.
void give_block(State& state, Block block);

}  // namespace eft::memory
