#include "blocks.h"

#include "effects.h"
#include "state.h"

#include <algorithm>
#include <bit>

namespace eft::memory {
namespace {

using Node = Blocks::Node;
using Use = Blocks::Use;

constexpr Block neighbour(Block first) { return static_cast<Block>(static_cast<u16>(first) + 1); }

void push(Blocks& blocks, Block block) {
    Node& node = edit(blocks[block]);
    const Block& head = blocks.free[node.bits];
    node.previous = Block::None;
    node.next = head;
    if (head != Block::None) set(blocks[head].previous, block);
    set(head, block);
}

void unlink(Blocks& blocks, Block block) {
    const Node& node = blocks[block];
    set(node.previous == Block::None ? blocks.free[node.bits] : blocks[node.previous].next, node.next);
    if (node.next != Block::None) set(blocks[node.next].previous, node.previous);
}

void occupy(Blocks& blocks, Block block) {
    const Node& node = blocks[block];
    if (!node.device) {
        unlink(blocks, block);
        set(blocks.free_pages, blocks.free_pages - node.pages());
    }
    set(node.use, Use::Taken);
}

void set_free(Blocks& blocks, Block block) {
    Node& node = edit(blocks[block]);
    node.use = Use::Free;
    node.children = Block::None;
    if (!node.device) push(blocks, block);
}

Status add_root(Blocks& blocks, Slot untyped, u64 address, unsigned bits, bool device) {
    if (blocks.roots == Blocks::kMaxRoots) return Error::LimitReached;
    set(blocks.roots, static_cast<u16>(blocks.roots + 1));
    const Block block{blocks.roots};
    Node& node = edit(blocks[block]);
    node = {.address = address, .slot = untyped, .bits = static_cast<u8>(bits), .use = Use::Free, .device = device};
    if (!device) {
        push(blocks, block);
        set(blocks.free_pages, blocks.free_pages + node.pages());
        set(blocks.total_pages, blocks.total_pages + node.pages());
    }
    return {};
}

Block find_device_root(const Blocks& blocks, u64 address) {
    for (u16 index = 1; index <= blocks.roots; ++index) {
        const Node& node = blocks.nodes[index];
        if (node.device && address >= node.address && address - node.address < node.size()) return Block{index};
    }
    return Block::None;
}

Block take_pair(Blocks& blocks) {
    if (const Block pair = blocks.unused_pairs; pair != Block::None) {
        set(blocks.unused_pairs, blocks[pair].children);
        return pair;
    }
    if (blocks.pairs == Blocks::kMaxPairs) return Block::None;
    const Block pair = static_cast<Block>(1 + Blocks::kMaxRoots + 2 * blocks.pairs);
    set(blocks.pairs, static_cast<u16>(blocks.pairs + 1));
    return pair;
}

void give_pair(Blocks& blocks, Block pair) {
    set(blocks[neighbour(pair)].use, Use::Unused);
    Node& node = edit(blocks[pair]);
    node.use = Use::Unused;
    node.children = blocks.unused_pairs;
    set(blocks.unused_pairs, pair);
}

Status split(State& state, Block block) {
    Blocks& blocks = state.blocks;
    const Node& parent = blocks[block];
    EFT_TRY(const Slot halves, state.slots.take_with_reserve(2));
    const Block pair = take_pair(blocks);
    const u8 half_bits = static_cast<u8>(parent.bits - 1);
    const Status made = pair == Block::None ? Status(Error::LimitReached)
                                            : effects::make(parent.slot, ObjectType::Untyped, halves, 2, half_bits);
    if (!made.ok()) {
        if (pair != Block::None) give_pair(blocks, pair);
        state.slots.give(halves, 2);
        return made;
    }
    if (!parent.device) unlink(blocks, block);
    Node& whole = edit(parent);
    whole.use = Use::Split;
    whole.children = pair;
    for (u32 i = 2; i-- != 0;) {  // the lower half is the first in the list
        const Block half = static_cast<Block>(static_cast<u16>(pair) + i);
        edit(blocks[half]) = {.address = parent.address + (u64{i} << half_bits),
                        .slot = slot_at(halves, i),
                        .bits = half_bits,
                        .use = Use::Free,
                        .device = parent.device,
                        .parent = block};
        if (!parent.device) push(blocks, half);
    }
    return {};
}

void join_upwards(State& state, Block block) {
    Blocks& blocks = state.blocks;
    for (Block parent = blocks[block].parent; parent != Block::None; parent = blocks[parent].parent) {
        const Block pair = blocks[parent].children;
        if (blocks[pair].use != Use::Free || blocks[neighbour(pair)].use != Use::Free) return;
        if (!blocks[parent].device) {
            unlink(blocks, pair);
            unlink(blocks, neighbour(pair));
        }
        effects::end_descendants(blocks[parent].slot);
        state.slots.give(blocks[pair].slot, 2);
        give_pair(blocks, pair);
        set_free(blocks, parent);
    }
}

// What was split on the way to a block that cannot be made is joined again.
Status split_or_tidy(State& state, Block block) {
    const Status made = split(state, block);
    if (!made.ok()) join_upwards(state, block);
    return made;
}

}  // namespace

Status add_memory(State& state, Slot untyped) {
    EFT_TRY(const auto info, effects::inspect_untyped(untyped));
    if (info.size_bits < kPageBits) return {};
    if (info.used == 0) return add_root(state.blocks, untyped, info.address, info.size_bits, info.device);
    const u64 size = u64{1} << info.size_bits;
    for (u64 at = page_up(info.used); at < size;) {
        const auto bits = static_cast<unsigned>(std::countr_zero(at));
        EFT_TRY(const Slot piece, state.slots.take_with_reserve(1));
        EFT_CHECK(effects::make(untyped, ObjectType::Untyped, piece, 1, bits));
        EFT_CHECK(add_root(state.blocks, piece, info.address + at, bits, info.device));
        at += u64{1} << bits;
    }
    return {};
}

Result<Block> take_block(State& state, unsigned bits) {
    Blocks& blocks = state.blocks;
    unsigned from = bits;
    while (from < blocks.free.size() && blocks.free[from] == Block::None) ++from;
    if (from >= blocks.free.size()) return Error::OutOfMemory;
    Block block = blocks.free[from];
    while (blocks[block].bits > bits) {
        EFT_CHECK(split_or_tidy(state, block));
        block = blocks[block].children;
    }
    occupy(blocks, block);
    return block;
}

Result<Block> take_block_at(State& state, u64 address, unsigned max_bits) {
    Blocks& blocks = state.blocks;
    Block block = find_device_root(blocks, address);
    if (block == Block::None) return Error::OutOfRange;
    const unsigned bits = std::min<unsigned>(max_bits, blocks[block].bits);
    while (blocks[block].bits > bits) {
        if (blocks[block].use == Use::Taken) return Error::AlreadyExists;
        if (blocks[block].use == Use::Free) EFT_CHECK(split_or_tidy(state, block));
        block = blocks[block].children;
        if (address >= blocks[block].address + blocks[block].size()) block = neighbour(block);
    }
    const bool exact = blocks[block].address == address;
    if (!exact || blocks[block].use != Use::Free) {
        join_upwards(state, block);
        return exact ? Error::AlreadyExists : Error::OutOfRange;
    }
    occupy(blocks, block);
    return block;
}

void give_block(State& state, Block block) {
    Blocks& blocks = state.blocks;
    effects::end_descendants(blocks[block].slot);
    set_free(blocks, block);
    if (!blocks[block].device) set(blocks.free_pages, blocks.free_pages + blocks[block].pages());
    join_upwards(state, block);
}

}  // namespace eft::memory
