#include <eft/heap.h>

#include <bit>
#include <cstring>

namespace eft {

// In the low bits of a header's size. A block that is kept is in use for its neighbours; its own bit is not under the check,
// so that keeping costs none.
enum class Heap::State : u64 { Free = 0, Used = 1, Kept = 3 };

// Sizes include the header and are multiples of 16. Bits 48 and up of the two words are the halves of the check.
struct Heap::Header {
    u64 size;
    u64 previous_size;  // 0: the first block
};

struct Heap::Block {
    Header header;
    // The payload, while the block is free:
    Block* next;
    Block* previous;  // in the list; null: the first. Not set in a block that is kept.

    static constexpr u64 kKeptBit = 2;
    static constexpr u64 kSizeMask = (u64{1} << 48) - 16;
    std::size_t size() const { return header.size & kSizeMask; }
    std::size_t previous_size() const { return header.previous_size & kSizeMask; }
    State state() const { return static_cast<State>(header.size & 3); }
    bool free() const { return state() == State::Free; }
    std::byte* bytes() { return reinterpret_cast<std::byte*>(this); }
    void* payload() { return bytes() + sizeof(Header); }
};

namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kSmallest = 32;  // a header and the links of a list
constexpr std::size_t kLargest = std::size_t{1} << 40;
constexpr u64 kLow = (u64{1} << 48) - 1;

// Of the block for so many bytes.
std::size_t block_size(std::size_t payload) {
    const std::size_t size = (payload + kHeaderBytes + Heap::kAlignment - 1) / Heap::kAlignment * Heap::kAlignment;
    return size < kSmallest ? kSmallest : size;
}

// 32 bits over the address and what the header says.
[[gnu::always_inline]] inline u32 header_check(const void* at, u64 size, u64 previous_size) {
    const u64 mixed = (reinterpret_cast<std::uintptr_t>(at) ^ size) * 0x9e37'79b9'7f4a'7c15;
    return static_cast<u32>((mixed ^ mixed >> 32 ^ previous_size) * 0xd6e8'feb8'6659'fd93 >> 32);
}

}  // namespace

void Heap::damaged(const char* what) const {
    on_damage_(what);
    __builtin_trap();  // the hook returned
}

void Heap::set_range(std::byte* base, std::size_t size) {
    const auto address = reinterpret_cast<std::uintptr_t>(base);
    const std::size_t skipped = -address % kAlignment;
    base_ = frontier_ = base + skipped;
    limit_ = base_ + (size > skipped ? (size - skipped) / kAlignment * kAlignment : 0);
}

void Heap::write_header(std::byte* at, std::size_t size, std::size_t previous_size, State state) {
    const u64 low = size | static_cast<u64>(state);
    const u64 check = header_check(at, low & ~Block::kKeptBit, previous_size);
    auto* block = reinterpret_cast<Block*>(at);
    block->header.size = low | check << 48;
    block->header.previous_size = previous_size | check >> 16 << 48;
}

[[gnu::always_inline]] inline void Heap::verify(const Block* block) const {
    const u64 size = block->header.size & kLow & ~Block::kKeptBit, previous = block->header.previous_size & kLow;
    const u64 check = block->header.size >> 48 | block->header.previous_size >> 48 << 16;
    if (check != header_check(block, size, previous)) damaged("heap: damaged block header, or not a block");
}

// The block in use that a program's pointer names.
[[gnu::always_inline]] inline Heap::Block* Heap::checked(const void* payload) const {
    const auto* at = static_cast<const std::byte*>(payload) - kHeaderBytes;
    if (at < base_ || at >= frontier_ || reinterpret_cast<std::uintptr_t>(at) % kAlignment != 0)
        damaged("heap: pointer is not into the heap");
    auto* block = reinterpret_cast<Block*>(const_cast<std::byte*>(at));
    verify(block);
    if (block->state() != State::Used) damaged("heap: block freed twice");
    return block;
}

[[gnu::always_inline]] inline Heap::Block* Heap::next_of(Block* block) const {
    std::byte* at = block->bytes() + block->size();
    if (at_frontier(at)) return nullptr;
    auto* next = reinterpret_cast<Block*>(at);
    verify(next);
    return next;
}

Heap::Block* Heap::previous_of(Block* block) const {
    if (block->previous_size() == 0) return nullptr;
    auto* previous = reinterpret_cast<Block*>(block->bytes() - block->previous_size());
    verify(previous);
    return previous;
}

// After a block's size changed: the one above it, or the frontier, is told.
void Heap::tell_next(Block* block) {
    if (Block* next = next_of(block))
        write_header(next->bytes(), next->size(), block->size(), next->state());
    else
        last_size_ = block->size();
}

// Row 0 has the sizes below 256, in steps of 32; row r those from 2^(7+r), in eight steps.
Heap::Class Heap::class_of(std::size_t size) {
    constexpr unsigned kFirstBits = 8;
    const unsigned bits = std::bit_width(size);
    if (bits <= kFirstBits) return {0, static_cast<unsigned>(size >> (kFirstBits - 3))};
    const unsigned row = bits - kFirstBits;
    if (row >= kRows) return {kRows - 1, kSteps - 1};
    return {row, static_cast<unsigned>(size >> (bits - 4)) & (kSteps - 1)};
}

void Heap::insert(Block* block) {
    const auto [row, step] = class_of(block->size());
    Block*& head = lists_[row][step];
    block->next = head;
    block->previous = nullptr;
    if (head) head->previous = block;
    head = block;
    steps_[row] |= static_cast<u8>(1u << step);
    rows_ |= u64{1} << row;
}

void Heap::remove(Block* block) {
    const auto [row, step] = class_of(block->size());
    Block*& link = block->previous ? block->previous->next : lists_[row][step];
    if (link != block || (block->next && block->next->previous != block)) damaged("heap: free block was written to");
    link = block->next;
    if (block->next) block->next->previous = block->previous;
    if (lists_[row][step]) return;
    steps_[row] &= static_cast<u8>(~(1u << step));
    if (steps_[row] == 0) rows_ &= ~(u64{1} << row);
}

// A free block of at least `size`, out of its list. In the size's own class the first blocks are tried; any block of a
// higher class fits.
Heap::Block* Heap::find_free(std::size_t size) {
    constexpr int kTries = 8;
    const auto [row, step] = class_of(size);
    Block* found = lists_[row][step];
    for (int i = 0; found && i < kTries; ++i, found = found->next) {
        verify(found);
        if (found->size() >= size) break;
        if (i == kTries - 1) {
            found = nullptr;
            break;
        }
    }
    if (!found) {
        if (const unsigned steps = steps_[row] & (0xffu << (step + 1)); steps != 0) {
            found = lists_[row][std::countr_zero(steps)];
        } else if (const u64 rows = rows_ & (~u64{1} << row); rows != 0) {
            const int higher = std::countr_zero(rows);
            found = lists_[higher][std::countr_zero(steps_[higher])];
        }
        if (!found) return nullptr;
        verify(found);
    }
    if (!found->free()) damaged("heap: free block was written to");
    remove(found);
    return found;
}

Heap::Block* Heap::take_new(std::size_t size) {
    if (static_cast<std::size_t>(limit_ - frontier_) < size) return nullptr;
    write_header(frontier_, size, last_size_, State::Used);
    auto* block = reinterpret_cast<Block*>(frontier_);
    frontier_ += size;
    last_size_ = size;
    if (const auto reached = static_cast<std::size_t>(frontier_ - base_); reached > most_) most_ = reached;
    return block;
}

// A block of `size`, or a little more; null: the range is used up.
Heap::Block* Heap::take(std::size_t size) {
    Block* block = find_free(size);
    if (!block) return take_new(size);
    write_header(block->bytes(), block->size(), block->previous_size(), State::Used);
    trim(block, size);
    return block;
}

void Heap::trim(Block* block, std::size_t size) {
    const std::size_t whole = block->size();
    if (whole - size < kSmallest) return;
    write_header(block->bytes(), size, block->previous_size(), State::Used);
    write_header(block->bytes() + size, whole - size, size, State::Used);
    auto* rest = reinterpret_cast<Block*>(block->bytes() + size);
    tell_next(rest);
    release(rest);
}

// Joins a block that nobody uses with its free neighbours and puts it where it will be found.
void Heap::release(Block* block) {
    if (Block* next = next_of(block); next && next->free()) {
        remove(next);
        const std::size_t joined = block->size() + next->size();
        next->header = {};  // a pointer to it is no block any more
        write_header(block->bytes(), joined, block->previous_size(), State::Used);
        tell_next(block);
    }
    if (Block* previous = previous_of(block); previous && previous->free()) {
        remove(previous);
        const std::size_t joined = previous->size() + block->size();
        block->header = {};
        write_header(previous->bytes(), joined, previous->previous_size(), State::Used);
        block = previous;
        tell_next(block);
    }
    if (at_frontier(block->bytes() + block->size())) {
        last_size_ = block->previous_size();
        frontier_ = block->bytes();
        block->header = {};
        return;
    }
    write_header(block->bytes(), block->size(), block->previous_size(), State::Free);
    insert(block);
}

// The block above is looked at as if they were to be joined: who wrote beyond the end is told now.
[[gnu::always_inline]] inline void Heap::keep(Block* block, std::size_t size) {
    static_cast<void>(next_of(block));
    block->header.size |= Block::kKeptBit;
    Block*& head = kept_[size / kAlignment];
    block->next = head;
    head = block;
    kept_bytes_ += size;
    if (kept_bytes_ > kMostKept) [[unlikely]] join_kept();
}

// The first block that is kept for a size, in use; null: none is.
[[gnu::always_inline]] inline Heap::Block* Heap::take_kept(std::size_t size) {
    Block*& head = kept_[size / kAlignment];
    Block* block = head;
    if (!block) return nullptr;
    verify(block);
    if (block->state() != State::Kept || block->size() != size) damaged("heap: free block was written to");
    block->header.size &= ~Block::kKeptBit;
    head = block->next;
    kept_bytes_ -= size;
    return block;
}

void Heap::join_kept() {
    for (std::size_t size = kSmallest; size <= kLargestKept; size += kAlignment)
        while (Block* block = take_kept(size)) release(block);
}

void* Heap::allocate(std::size_t size) {
    if (size > kLargest) return nullptr;
    size = block_size(size);
    Block* block = size <= kLargestKept ? take_kept(size) : nullptr;
    if (!block) [[unlikely]] {
        block = take(size);
        if (!block && kept_bytes_ != 0) {
            join_kept();
            block = take(size);
        }
        if (!block) return nullptr;
        size = block->size();
    }
    used_bytes_ += size;
    ++used_blocks_;
    return block->payload();
}

void* Heap::allocate_aligned(std::size_t alignment, std::size_t size) {
    if (alignment <= kAlignment) return allocate(size);
    if (size > kLargest || alignment > kLargest) return nullptr;
    // Room for the payload at an aligned address with a whole block before it.
    auto* payload = static_cast<std::byte*>(allocate(size + alignment + kSmallest));
    if (!payload) return nullptr;
    Block* block = checked(payload);
    used_bytes_ -= block->size();
    if (reinterpret_cast<std::uintptr_t>(payload) % alignment != 0) {
        const auto wanted = (reinterpret_cast<std::uintptr_t>(payload) + kSmallest + alignment - 1) & ~(alignment - 1);
        const std::size_t front = wanted - reinterpret_cast<std::uintptr_t>(payload);
        const std::size_t rest = block->size() - front;
        write_header(block->bytes(), front, block->previous_size(), State::Used);
        write_header(block->bytes() + front, rest, front, State::Used);
        auto* aligned = reinterpret_cast<Block*>(block->bytes() + front);
        tell_next(aligned);
        release(block);
        block = aligned;
    }
    trim(block, block_size(size));
    used_bytes_ += block->size();
    return block->payload();
}

void Heap::free(void* payload) {
    if (!payload) return;
    Block* block = checked(payload);
    const std::size_t size = block->size();
    used_bytes_ -= size;
    --used_blocks_;
    if (size <= kLargestKept) {
        keep(block, size);
    } else {
        release(block);
    }
}

std::size_t Heap::usable_size(const void* payload) const { return checked(payload)->size() - kHeaderBytes; }

void* Heap::reallocate(void* payload, std::size_t size) {
    if (!payload) return allocate(size);
    Block* block = checked(payload);
    if (size > kLargest) return nullptr;
    const std::size_t needed = block_size(size);
    const std::size_t old_size = block->size();

    if (old_size < needed) {
        // Grow in place: into a free block above, or beyond the frontier.
        Block* next = next_of(block);
        if (next && next->free() && old_size + next->size() >= needed) {
            remove(next);
            const std::size_t joined = old_size + next->size();
            next->header = {};
            write_header(block->bytes(), joined, block->previous_size(), State::Used);
            tell_next(block);
        } else if (!next && static_cast<std::size_t>(limit_ - frontier_) >= needed - old_size) {
            write_header(block->bytes(), needed, block->previous_size(), State::Used);
            frontier_ = block->bytes() + needed;
            last_size_ = needed;
            if (const auto reached = static_cast<std::size_t>(frontier_ - base_); reached > most_) most_ = reached;
        } else {
            void* moved = allocate(size);
            if (!moved) return nullptr;
            std::memcpy(moved, payload, old_size - kHeaderBytes);
            free(payload);
            return moved;
        }
    }
    used_bytes_ -= old_size;
    trim(block, needed);
    used_bytes_ += block->size();
    return payload;
}

void Heap::check() const {
    std::size_t previous = 0, used = 0, used_bytes = 0, free_blocks = 0, kept = 0, kept_bytes = 0;
    bool last_free = false;
    for (std::byte* at = base_; at < frontier_;) {
        auto* block = reinterpret_cast<Block*>(at);
        verify(block);
        if (block->previous_size() != previous) damaged("heap: blocks disagree about their sizes");
        if (last_free && block->free()) damaged("heap: free neighbours were not joined");
        last_free = block->free();
        switch (block->state()) {
            case State::Free: ++free_blocks; break;
            case State::Kept: ++kept, kept_bytes += block->size(); break;
            case State::Used: ++used, used_bytes += block->size(); break;
        }
        previous = block->size();
        at += previous;
        if (at > frontier_) damaged("heap: a block ends beyond the frontier");
    }
    if (last_free) damaged("heap: a free block at the frontier");
    if (previous != last_size_ || used != used_blocks_ || used_bytes != used_bytes_ || kept_bytes != kept_bytes_) damaged("heap: wrong totals");
    for (unsigned row = 0; row < kRows; ++row) {
        for (unsigned step = 0; step < kSteps; ++step) {
            for (Block* block = lists_[row][step]; block; block = block->next, --free_blocks) {
                verify(block);
                const auto [its_row, its_step] = class_of(block->size());
                if (!block->free() || free_blocks == 0 || its_row != row || its_step != step)
                    damaged("heap: wrong free list");
            }
        }
    }
    for (std::size_t size = 0; size <= kLargestKept; size += kAlignment) {
        for (Block* block = kept_[size / kAlignment]; block; block = block->next, --kept) {
            verify(block);
            if (block->state() != State::Kept || kept == 0 || block->size() != size) damaged("heap: wrong list of what is kept");
        }
    }
    if (free_blocks != 0 || kept != 0) damaged("heap: a free block is in no list");
}

}  // namespace eft
