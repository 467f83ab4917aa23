// Spaces from start to end.
#pragma once

#include "state.h"

namespace eft::memory {

// mem's own address space, and the boot archive in it. Before, memory has been added.
Status open_own_space(State& state, Slot own_space, u64 archive_address, u64 archive_bytes);

// OutOfRange: the quota is 0, or above kMaxQuota. OutOfMemory, LimitReached.
Result<Space*> create_space(State& state, u32 quota);
// `address_space` becomes the record's, if this succeeds.
Result<Space*> adopt_space(State& state, Slot address_space, u32 quota);
// For the kernel objects that the holder of this own space makes for others: a record with a quota as large and no address space.
// They outlive its address space, too.
Result<Space*> lasting_space(State& state, const Space& of);
// It takes the place of the one that the record had, which has ended with all that was mapped in it. Objects stay.
void replace_address_space(State& state, Space& space, Slot address_space);
// All that was made for the space is gone: its threads, its mappings, and what only it had. mem's own space stays.
void destroy_space(State& state, Space& space);

}  // namespace eft::memory
