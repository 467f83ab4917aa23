// What lwIP stands on here: the clock, random numbers, memory. lwip/arch/cc.h has the names that it calls.
#pragma once

#include "net/tcp_control.h"

#include <eft/abi/types.h>

namespace eft::net {

// Milliseconds that never go back, over restarts too: from the machine's time stamp.
u32 now_ms();

// What is random grows from the times at which this is called, too.
void stir(u64 entropy);
u64 random_number();
// SipHash-2-4 of three words under a key of two (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
u64 keyed_hash(const u64 (&key)[2], u64 first, u64 second, u64 third);

// Of a connection's sequence numbers (RFC 6528): a clock, and a number for each connection that nobody can guess.
void set_secret(const u64 (&secret)[2]);
u32 first_sequence(const Ends& ends);

}  // namespace eft::net
