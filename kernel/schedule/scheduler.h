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
    // Nobody who is ready is more important than `thread`.
    bool may_run_next(const Thread& thread) const { return (ready_ & thread.above) == 0; }
    bool anyone_ready() const { return ready_ != 0; }
    u64 ready_count() const;

    // `thread`, which was chosen to run, has no budget: it waits for its context's next period.
    void park(Thread& thread);
    // Those whose budget has come back are ready again. When the next one's does; ~0: none waits.
    u64 unpark(u64 now);

private:
    void enqueue_back(Thread& thread);
    void enqueue_front(Thread& thread);
    void dequeue(Thread& thread);
    unsigned highest() const { return 63 - static_cast<unsigned>(__builtin_clzll(ready_)); }

    u64 ready_ = 0;  // bit p: queues_[p] is not empty
    Thread* direct_ = nullptr;
    ThreadQueue exhausted_;
    ThreadQueue queues_[kPriorities];
};

}  // namespace eft::kernel
