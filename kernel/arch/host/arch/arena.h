// The machine's ordinary memory: one range of pages of the test process, at the place where the direct map expects it.
//
// What is not in use is poisoned, so that AddressSanitizer stops a kernel that touches it. The kernel announces each
// page that it is about to use (unprotect_direct_map, before it clears it): that lifts the poison of the page. Whoever
// knows what is in use (a test, after a system call) poisons the rest again.
#pragma once

#include <memory/physical.h>

namespace eft::kernel::arch {

constexpr u64 kArenaStart = 0x10'0000;  // low addresses are not memory: a null PhysAddr leads to a fault
constexpr unsigned kArenaBits = 20;
constexpr u64 kArenaSize = u64{1} << kArenaBits;

// More memory, for who needs large pieces; it is not poisoned.
constexpr u64 kLargeStart = 0x40'0000;
constexpr unsigned kLargeBits = 22;
void map_large_memory();

// Memory as after power-on: poisoned, full of old data. There is one arena; a second call empties it.
void reset_arena();
void poison(PhysAddr start, u64 bytes);
void unpoison(PhysAddr start, u64 bytes);
bool in_arena(PhysAddr address);

}  // namespace eft::kernel::arch
