// The threads that wait in an object's queue, which may be long, and through which capability each of them does.
//
// While a capability goes, those who wait through it are told, wherever in the queue they stand. That may pause. The
// queue's hand is then at the thread that is next, and whoever deletes a capability to the object next goes on from there:
// it ends the waits of all whose capability is going. So nobody who is passed by is looked at again, however many such
// deletions there are and however often they pause, until the hand has been at the end of the queue.
#pragma once

#include <schedule/core.h>

namespace eft::kernel {

// A capability can be moved only if this many threads at most have to hear of it or to be passed by.
constexpr unsigned kMaxFollowers = 256;

// The thread's wait fails; for `end_wait` it has left its queue already.
void end_wait(Core& core, Thread& thread, Error error);
void refuse(Core& core, Thread& thread);

// Nobody can use `via` from now on, and those in `queue` who wait through it are refused. False: it paused.
struct WaitsThrough {
    Capability& via;
    u64& waiters;  // of its payload
    u64& awaited;
};
bool end_waits_through(Core& core, const ThreadQueue& queue, QueueHand& hand, WaitsThrough waits);

bool is_short(const ThreadQueue& queue);
// Those who wait through `from` wait through `to` from now on.
void rename_waiters(const ThreadQueue& queue, const Capability& from, Capability& to);

}  // namespace eft::kernel
