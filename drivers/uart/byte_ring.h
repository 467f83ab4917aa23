// A ring of bytes for one writer and one reader in the same program.
//
// Trivially copyable and free of pointers, so that it can lie in a state region and outlive the
// program: a byte is stored before the index that covers it, and an index that makes no sense (the
// program died, or memory was damaged) reads as an empty ring, never as a place outside it.
#pragma once

#include <eft/abi/types.h>

#include <array>
#include <optional>
#include <type_traits>

namespace eft::uart {

template <u32 Capacity>
class ByteRing {
public:
    static_assert(Capacity != 0 && (Capacity & (Capacity - 1)) == 0, "a power of two");

    u32 size() const {
        const u32 size = written_ - taken_;
        return size <= Capacity ? size : 0;
    }
    bool empty() const { return size() == 0; }
    bool full() const { return size() == Capacity; }

    // False, and nothing changed, if there is no room.
    bool put(u8 byte) {
        mend();
        if (full()) return false;
        bytes_[written_ % Capacity] = byte;
        __atomic_signal_fence(__ATOMIC_RELEASE);
        written_ = written_ + 1;
        return true;
    }

    std::optional<u8> front() const {
        if (empty()) return std::nullopt;
        return bytes_[taken_ % Capacity];
    }
    void pop() {
        if (!empty()) taken_ = taken_ + 1;
    }
    std::optional<u8> take() {
        const std::optional<u8> byte = front();
        pop();
        return byte;
    }

    // The indices, for a transaction: put() changes `written` (and `taken` of a ring that made no sense), pop() `taken`.
    // Setting one back takes bytes back that were put, or puts those back that were taken.
    const u32& written() const { return written_; }
    const u32& taken() const { return taken_; }

private:
    void mend() {
        if (written_ - taken_ > Capacity) taken_ = written_;
    }

    std::array<u8, Capacity> bytes_{};
    u32 written_ = 0;  // both run freely; their difference is the size
    u32 taken_ = 0;
};
static_assert(std::is_trivially_copyable_v<ByteRing<16>>);

}  // namespace eft::uart
