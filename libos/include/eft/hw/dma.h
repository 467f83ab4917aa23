// Memory that a device reads and writes, and the barriers that order our accesses with its own.
//
// The device may change this memory at any moment, so it is reached by single volatile loads and
// stores only: what is loaded is a private copy, which is then checked. An access outside the
// memory stops the program, because offsets are ours and never the device's.
//
// Barriers: x86 keeps stores in order and loads in order, so the first two only hold the compiler
// back there; the fences are written in the language, so that other machines get what they need.
#pragma once

#include <eft/abi/types.h>

#include <bit>
#include <type_traits>

namespace eft::hw {

static_assert(std::endian::native == std::endian::little, "devices are little-endian");

// Stores before it are visible to the device before stores after it (data, then index or doorbell).
inline void dma_write_barrier() { __atomic_thread_fence(__ATOMIC_RELEASE); }

// Loads before it happen before loads after it (index, then the entry that the index covers).
inline void dma_read_barrier() { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

// A store before it is visible before a load after it is done (publish, then "is anybody asleep?").
inline void dma_full_barrier() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// A piece of memory as the device addresses it; nothing is said about where the CPU sees it.
struct DmaRange {
    u64 address;
    u32 length;
};

struct DmaMemory {
    void* cpu = nullptr;
    u64 device_address = 0;
    u64 size = 0;

    template <class T>
    T load(u64 offset) const {
        return *place<T>(offset);
    }
    template <class T>
    void store(u64 offset, std::type_identity_t<T> value) const {
        *place<T>(offset) = value;
    }
    DmaMemory part(u64 offset, u64 length) const {
        if (offset > size || length > size - offset) __builtin_trap();
        return {static_cast<char*>(cpu) + offset, device_address + offset, length};
    }
    void clear() const {
        u64 offset = 0;
        for (; size - offset >= sizeof(u64); offset += sizeof(u64)) store<u64>(offset, 0);
        for (; offset < size; ++offset) store<u8>(offset, 0);
    }

private:
    template <class T>
    volatile T* place(u64 offset) const {
        static_assert(std::is_integral_v<T>);
        if (offset % sizeof(T) != 0 || size < sizeof(T) || offset > size - sizeof(T))
            __builtin_trap();
        return reinterpret_cast<volatile T*>(static_cast<char*>(cpu) + offset);
    }
};

}  // namespace eft::hw
