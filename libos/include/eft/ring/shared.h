// Access to memory that another process can write at any time.
//
// Each function reads or writes exactly once: what was read is a private copy, and only copies are checked and used.
#pragma once

#include <eft/abi/types.h>

namespace eft::ring {

template <class T>
inline T read_once(const T& shared) {
    return __atomic_load_n(&shared, __ATOMIC_RELAXED);
}
template <class T>
inline T acquire(const T& shared) {
    return __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
}
template <class T>
inline void write(T& shared, T value) {
    __atomic_store_n(&shared, value, __ATOMIC_RELAXED);
}
template <class T>
inline void release(T& shared, T value) {
    __atomic_store_n(&shared, value, __ATOMIC_RELEASE);
}
// Orders a store before a later load, which nothing weaker does.
inline void full_fence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

}  // namespace eft::ring
