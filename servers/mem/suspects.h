// Page faults at which mem ended. The kernel sends a fault again until it has an answer, so one that ends mem would end it
// for ever: after two deaths it is refused, and ends its process instead.
#pragma once

#include "state.h"

namespace eft::memory {

// At the start of an incarnation: a fault that was being served counts as one that ends mem.
void note_served_fault(State& state);

// Not to be tried again.
[[gnu::cold]] bool ended_twice(const State& state, u64 space, u64 page);
// It was served to its end.
[[gnu::cold]] void clear_suspect(State& state, u64 space, u64 page);

}  // namespace eft::memory
