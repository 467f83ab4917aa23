// Kernel objects that are made for a space and that others get capabilities to: its thread, and what its program asks
// for.
#pragma once

#include "state.h"

namespace eft::memory {

struct ThreadPlan {
    Slot table;
    Slot exceptions;
    u32 first_reply;  // slots of `table`
    u32 replies;
    u64 budget, period;  // ticks of the time-stamp counter; both 0: no limit
    u8 ceiling;
};

// The space's first thread, suspended, as a capability in a slot of libos', to be sent away. AlreadyExists: it has one.
// WrongState: the space is adopted. OutOfRange, InvalidArgument: of the plan's numbers.
Result<Slot> make_thread(State& state, const Space& space, const ThreadPlan& plan);

// Reply objects in slots of `table`, in place of what is there. OutOfRange: of their number.
Status make_replies(State& state, const Space& space, Slot table, u32 first, u32 count);

// A thread beside it, in the same way: suspended, with no Reply and nobody who handles its exceptions, and with the first
// one's priority as its ceiling. WrongState: there is no first one, or it has a share of the processor. OutOfRange,
// AlreadyExists: of the index.
Result<Slot> make_further_thread(State& state, const Space& space, Slot table, unsigned index);

// An Endpoint, Notification, Reply or CapTable, in the same way. NotSupported: another type. InvalidArgument: size_bits,
// the log2 of a CapTable's slots.
Result<Slot> make_object(State& state, const Space& space, ObjectType type, unsigned size_bits);

}  // namespace eft::memory
