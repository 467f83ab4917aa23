// Spaces from start to end.
#pragma once

#include "state.h"

namespace eft::memory {

// mem's own address space, and the boot archive in it. Before, memory has been added.
Status open_own_space(State& state, Slot own_space, u64 archive_address, u64 archive_bytes);

// OutOfRange: the quota is 0, or above kMaxQuota. OutOfMemory, LimitReached.
Result<const Space*> create_space(State& state, u32 quota);
// `address_space` becomes the record's, if this succeeds: a slot that mem took from its own, or the one by which it knows
// its own address space.
Result<const Space*> adopt_space(State& state, Slot address_space, u32 quota);
// The address space of the record has ended with all that was mapped in it, and nothing takes its place yet. Objects stay.
void lose_address_space(State& state, const Space& space);
// For the kernel objects that the holder of this own space makes for others: a record with a quota as large and no address space.
// They outlive its address space, too.
Result<const Space*> lasting_space(State& state, const Space& of);
// Nothing of the space runs any more, and it is to be destroyed: at once, if it had more than one thread.
void end_threads(State& state, const Space& space);
// All that was made for the space is gone: its threads, its mappings, and what only it had. mem's own space stays.
void destroy_space(State& state, const Space& space);

// What an incarnation or a request that did not come to its end has left is put in order: before anything else is done.
void finish_undone(State& state);
// mem's own address space is a new one.
void renew_own_space(State& state);

}  // namespace eft::memory
