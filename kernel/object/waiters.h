// The threads of an object's queue that wait through one capability. The queue may be long, and they may
// stand anywhere in it.
#pragma once

#include <schedule/core.h>

namespace eft::kernel {

// A capability can be moved only if this many threads at most have to hear of it or to be passed by.
constexpr unsigned kMaxFollowers = 256;

// Ends the waits of those in `queue` that wait through `via`. False: not all, because an interrupt waits; it
// goes on from `cursor`. `end` takes a thread out of the queue, and none comes that waits through `via`.
template <class End>
bool end_waits_through(Core& core, const ThreadQueue& queue, QueueCursor& cursor, const Capability& via, End end) {
    constexpr int kEndWork = 300, kStepWork = 8;
    for (Thread* thread = cursor.via == &via ? cursor.next : queue.head(); thread;) {
        Thread* next = thread->queue_next;
        const bool through = thread->via == &via;
        if (through) end(*thread);
        if (core.must_pause(through ? kEndWork : kStepWork)) {
            cursor = {&via, next};
            return false;
        }
        thread = next;
    }
    if (cursor.via == &via) cursor = {};
    return true;
}

inline bool is_short(const ThreadQueue& queue) {
    unsigned length = 0;
    for (Thread* thread = queue.head(); thread; thread = thread->queue_next) {
        if (++length > kMaxFollowers) return false;
    }
    return true;
}

// Those who wait through `from` wait through `to` from now on.
inline void rename_waiters(const ThreadQueue& queue, const Capability& from, Capability& to) {
    for (Thread* thread = queue.head(); thread; thread = thread->queue_next) {
        if (thread->via == &from) thread->via = &to;
    }
}

}  // namespace eft::kernel
