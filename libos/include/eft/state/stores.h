// How memory that outlives its writer is stored to.
//
// A process can be killed between any two instructions. What it has stored by then stays, in program order: a kill is
// seen by the next incarnation as a signal handler would see it, on the core that ran the dead. So the processor needs
// no fence here, but the compiler must neither move, merge, split nor drop the stores that a protocol counts on: each
// such store is a `word`, one instruction, with a compiler barrier on either side.
//
// Where another process reads the memory at the same time (log_ring.h) the order must hold between cores too; a release
// store with a release fence behind it gives that, and is the same single instruction on x86.
//
// The protocols take their stores as a template parameter, so that a test can count them and "kill" after each one.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <cstring>

namespace eft {

inline void compiler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

struct DirectStores {
    // One aligned 8-byte store that stays where it is in the program.
    static void word(u64& where, u64 value) {
        compiler_barrier();
        __atomic_store_n(&where, value, __ATOMIC_RELEASE);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        compiler_barrier();
    }

    // Bytes whose order does not matter, as long as they stay between the words around them.
    static void bytes(std::byte* to, const std::byte* from, std::size_t size) { std::memmove(to, from, size); }
};

}  // namespace eft
