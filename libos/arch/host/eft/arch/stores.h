// Stores to memory that outlives its writer, on the host: a test counts them and ends the program at any of them
// (<eft/state/stores.h> says what the stores promise).
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <cstring>

namespace eft {

namespace host {

struct StoreHook {
    void (*before)() = nullptr;  // runs before each store
    bool each_byte = false;      // a run of bytes is one store per byte; else it is one
    bool backwards = false;      // then the last byte is stored first
};
inline constinit StoreHook store_hook;

inline void before_store() {
    if (store_hook.before) store_hook.before();
}

}  // namespace host

inline void compiler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

inline void store_word(u64& where, u64 value) {
    host::before_store();
    __atomic_store_n(&where, value, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

inline void store_bytes(std::byte* to, const std::byte* from, std::size_t size) {
    if (host::store_hook.before && host::store_hook.each_byte) {
        for (std::size_t i = 0; i < size; ++i) {
            host::before_store();
            const std::size_t at = host::store_hook.backwards ? size - 1 - i : i;
            to[at] = from[at];
        }
    } else {
        host::before_store();
        std::memmove(to, from, size);
    }
}

}  // namespace eft
