// The allocator of user programs: malloc, free and friends over one growing range of addresses.
//
//   base                          frontier            limit
//   | header | payload | header | payload | untouched ... |
// Every block has a 16-byte header with its own size and that of the block before it, so that both neighbours are found
// without a footer. Free blocks are joined with free neighbours and wait in lists by size class (two levels, as
// TLSF does: the power of two, and eight steps within it), found by two bit scans. Memory is taken beyond the frontier
// only if no free block fits; nothing is given back, but a free block at the frontier lowers it.
//
// Small blocks, the frames of coroutines most of all, are allocated again in the size in which they were freed. So up to
// kMostKept bytes of them are kept as they are, in a list for each size, and joined only when there are more, or when
// the range is used up.
//
// A header carries a check, bound to its address. A header that was written over, a block freed twice, or a pointer
// that never was a block ends in the hook, which must not return. No threads, no floating point.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>

namespace eft {

class Heap {
public:
    using DamageHook = void (*)(const char* what);
    static constexpr std::size_t kAlignment = 16;
    static constexpr std::size_t kMostKept = 16 * 1024;

    // An empty heap: every allocation fails until set_range().
    constexpr explicit Heap(DamageHook on_damage) : on_damage_(on_damage) {}
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    // The addresses that the heap may use; touched from below, as needed. Once, before the first allocation.
    void set_range(std::byte* base, std::size_t size);

    // Aligned to 16. Null if the range is used up. A size of 0 gives a block of its own.
    void* allocate(std::size_t size);
    // `alignment` is a power of two.
    void* allocate_aligned(std::size_t alignment, std::size_t size);
    // As C's realloc: null leaves the old block as it is.
    void* reallocate(void* block, std::size_t size);
    void free(void* block);
    std::size_t usable_size(const void* block) const;
    // Joins the blocks that are kept.
    void join_kept();

    struct Usage {
        std::size_t used_bytes;  // in blocks in use, with their headers
        std::size_t used_blocks;
        std::size_t frontier_bytes;  // the range below the frontier
        std::size_t most_bytes;      // the highest frontier so far: what was ever touched
    };
    Usage usage() const { return {used_bytes_, used_blocks_, static_cast<std::size_t>(frontier_ - base_), most_}; }

    // Walks all blocks and lists; what it finds wrong goes to the hook.
    void check() const;

private:
    struct Header;
    struct Block;
    static constexpr unsigned kSteps = 8;  // size classes within a power of two
    static constexpr unsigned kRows = 40;
    static constexpr std::size_t kLargestKept = 1024;
    enum class State : u64;

    struct Class {
        unsigned row, step;
    };
    static Class class_of(std::size_t size);
    [[noreturn]] void damaged(const char* what) const;
    Block* checked(const void* payload) const;
    void verify(const Block* block) const;
    bool at_frontier(const std::byte* address) const { return address == frontier_; }
    Block* next_of(Block* block) const;
    Block* previous_of(Block* block) const;
    void write_header(std::byte* at, std::size_t size, std::size_t previous_size, State state);
    void tell_next(Block* block);
    void insert(Block* block);
    void remove(Block* block);
    Block* find_free(std::size_t size);
    Block* take_new(std::size_t size);
    Block* take(std::size_t size);
    // Cuts a block in use to `size` and frees the rest, if it is worth a block.
    void trim(Block* block, std::size_t size);
    void release(Block* block);
    void keep(Block* block, std::size_t size);
    Block* take_kept(std::size_t size);

    DamageHook on_damage_;
    std::byte* base_ = nullptr;
    std::byte* frontier_ = nullptr;
    std::byte* limit_ = nullptr;
    std::size_t last_size_ = 0;  // of the block below the frontier
    std::size_t used_bytes_ = 0, used_blocks_ = 0, most_ = 0;
    u64 rows_ = 0;  // bit r: steps_[r] is not 0
    u8 steps_[kRows] = {};
    Block* lists_[kRows][kSteps] = {};
    std::size_t kept_bytes_ = 0;
    Block* kept_[kLargestKept / kAlignment + 1] = {};  // by their size
};

// The heap behind malloc and operator new of this process. Start-up gives it its range.
Heap& process_heap();

}  // namespace eft
