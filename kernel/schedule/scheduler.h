// Scheduler: fixed priorities with round robin. Kernel objects tell it what became ready; the
// system-call layer asks once, at the end, who runs next (`choose`).
//
// The running thread is in no queue. A thread that was given the processor directly (`switch_to`)
// is in none either until somebody else turns out to be more important.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

class Scheduler {
public:
    // `thread`, which is in no queue, becomes ready behind those of its priority.
    void wake(Thread& thread);
    // The same, but it runs next if nobody more important is ready: it continues the caller's work.
    void switch_to(Thread& thread);
    // A blocked thread's wait ends with an error. One that waits for its fault handler stops.
    void end_wait(Thread& thread, Error error);
    // Nobody can handle its fault: it stays as it is, to be inspected.
    void suspend_faulted(Thread& thread) { thread.state = ThreadState::Suspended; }
    // Stops a thread in whatever state. If it waited, it is told Cancelled should it run again.
    void stop(Thread& thread);
    void set_priority(Thread& thread, u8 priority);

    // Who runs after `current` (null: nobody ran) did its system call: a ready `current` goes on
    // unless somebody more important is ready. Null: nobody can run.
    Thread* choose(Thread* current);
    // `current` lets the others of its priority go first.
    void yield(Thread& current);
    // Nobody who is ready is more important than `thread`, which is in no queue.
    bool may_run_next(const Thread& thread) const { return !direct_ && (ready_ == 0 || highest() <= thread.priority); }
    // The running thread has blocked, and `next`, which may run next, runs instead.
    void hand_over(Thread& next) {
        next.state = ThreadState::Ready;
        running_ = &next;
    }
    // Another thread of this priority is ready, so that a time slice matters.
    bool has_rival(const Thread& current) const { return !queues_[current.priority].empty(); }
    u64 ready_count() const;

private:
    void enqueue_back(Thread& thread);
    void enqueue_front(Thread& thread);
    void dequeue(Thread& thread);
    unsigned highest() const { return 63 - static_cast<unsigned>(__builtin_clzll(ready_)); }

    ThreadQueue queues_[kPriorities];
    u64 ready_ = 0;  // bit p: queues_[p] is not empty
    Thread* direct_ = nullptr;
    Thread* running_ = nullptr;
};

}  // namespace eft::kernel
