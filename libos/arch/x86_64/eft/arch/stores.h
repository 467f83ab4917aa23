// Stores to memory that outlives its writer, on x86_64 (<eft/state/stores.h> says what they promise).
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <cstring>

namespace eft {

inline void compiler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

inline void store_word(u64& where, u64 value) {
    compiler_barrier();
    __atomic_store_n(&where, value, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    compiler_barrier();
}

inline void store_bytes(std::byte* to, const std::byte* from, std::size_t size) { std::memmove(to, from, size); }

}  // namespace eft
