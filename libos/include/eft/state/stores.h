// How memory that outlives its writer is stored to.
//
//   store_word(where, value)        one aligned 8-byte store that stays where it is in the program
//   store_bytes(to, from, size)     bytes whose order does not matter, as long as they stay between the words around them
//   compiler_barrier()              for stores of other code that must stay between words
//
// A process can be killed between any two instructions. What it has stored by then stays, in program order: the next
// incarnation sees a kill as a signal handler would, on the core that ran its predecessor. So the processor needs no
// fence here, but the compiler must neither move, merge, split nor drop the stores that a protocol counts on: each such
// store is a word, one instruction, with a compiler barrier on either side.
//
// Where another process reads the memory at the same time (log_ring.h) the order must hold between cores too; a release
// store with a release fence behind it gives that, and is the same single instruction on x86.
//
// The machine decides what a store is. On the host each one can be counted, and the program can end there.
#pragma once

#include <eft/arch/stores.h>
