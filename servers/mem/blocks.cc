#include "blocks.h"

#include "effects.h"
#include "state.h"

#include <algorithm>
#include <bit>
#include <span>

namespace eft::memory {
namespace {

using Node = Blocks::Node;
using Use = Blocks::Use;

constexpr Block neighbour(Block first) { return static_cast<Block>(static_cast<u16>(first) + 1); }

// The node is the caller's to change.
void push(Blocks& blocks, Node& node, Block block) {
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

Status add_root(Blocks& blocks, Slot untyped, u64 address, unsigned bits, bool device) {
    if (blocks.roots == Blocks::kMaxRoots) return Error::LimitReached;
    set(blocks.roots, static_cast<u16>(blocks.roots + 1));
    const Block block{blocks.roots};
    Node& node = edit(blocks[block]);
    node = {.address = address, .slot = untyped, .bits = static_cast<u8>(bits), .use = Use::Free, .device = device};
    if (!device) {
        push(blocks, node, block);
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
    Block pair = blocks.unused_pairs;
    if (pair != Block::None) {
        set(blocks.unused_pairs, blocks[pair].children);
    } else {
        if (blocks.pairs == Blocks::kMaxPairs) return Block::None;
        pair = static_cast<Block>(1 + Blocks::kMaxRoots + 2 * blocks.pairs);
        set(blocks.pairs, static_cast<u16>(blocks.pairs + 1));
    }
    set(blocks.pairs_in_use, static_cast<u16>(blocks.pairs_in_use + 1));
    return pair;
}

// Two neighbours, which are the caller's to change.
std::span<Node, 2> edit_pair(Blocks& blocks, Block first) {
    const Node& node = blocks[first];
    note_change(&node, 2 * sizeof node);
    return std::span<Node, 2>(const_cast<Node*>(&node), 2);
}

void give_pair(Blocks& blocks, Block pair) {
    const auto nodes = edit_pair(blocks, pair);
    nodes[0].use = nodes[1].use = Use::Unused;
    nodes[0].children = blocks.unused_pairs;
    set(blocks.unused_pairs, pair);
    set(blocks.pairs_in_use, static_cast<u16>(blocks.pairs_in_use - 1));
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
    const auto nodes = edit_pair(blocks, pair);
    for (u32 i = 2; i-- != 0;) {  // the lower half is the first in the list
        nodes[i] = {.address = parent.address + (u64{i} << half_bits),
                    .slot = slot_at(halves, i),
                    .bits = half_bits,
                    .use = Use::Free,
                    .device = parent.device,
                    .parent = block};
        if (!parent.device) push(blocks, nodes[i], static_cast<Block>(static_cast<u16>(pair) + i));
    }
    return {};
}

Block sibling(const Blocks& blocks, Block block) {
    const Block pair = blocks[blocks[block].parent].children;
    return pair == block ? neighbour(pair) : pair;
}

// The block, which is in no list, is free, as far upwards as the other half is, too. What was made of all that ends at once.
void set_free(State& state, Block block) {
    Blocks& blocks = state.blocks;
    const auto can_join = [&](Block half) { return blocks[half].parent != Block::None && blocks[sibling(blocks, half)].use == Use::Free; };
    Block whole = block;
    while (can_join(whole)) whole = blocks[whole].parent;
    effects::end_descendants(blocks[whole].slot);
    for (; block != whole; block = blocks[block].parent) {
        if (!blocks[block].device) unlink(blocks, sibling(blocks, block));
        const Block pair = blocks[blocks[block].parent].children;
        state.slots.give(blocks[pair].slot, 2);
        give_pair(blocks, pair);
    }
    Node& node = edit(blocks[whole]);
    node.use = Use::Free;
    node.children = Block::None;
    if (!node.device) push(blocks, node, whole);
}

void join_upwards(State& state, Block block) {
    if (state.blocks[block].use != Use::Free) return;
    if (!state.blocks[block].device) unlink(state.blocks, block);
    set_free(state, block);
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
    if (!blocks[block].device) set(blocks.free_pages, blocks.free_pages + blocks[block].pages());
    set_free(state, block);
}

}  // namespace eft::memory
