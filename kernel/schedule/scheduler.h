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
    // A blocked thread's wait, which is for no fault handler, ends with an error.
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
    // Who would be chosen unless somebody more important is ready: `current`, or who continues its work; null where that
    // is to be weighed.
    Thread* only_candidate(Thread* current) const {
        const bool goes_on = current && is_running(*current);
        return direct_ ? (goes_on ? nullptr : direct_) : (goes_on ? current : nullptr);
    }
    // It was, and is.
    void take_candidate() {
        direct_ = nullptr;
        unsettled_ = false;
    }
    // Since the last choice something may have changed who runs, or on whose time, other than that the running thread
    // began to wait.
    bool unsettled() const { return unsettled_; }
    void unsettle() { unsettled_ = true; }
    // Others of its priority are ready.
    bool has_rival(const Thread& thread) const { return ready_ >> thread.priority & 1; }
    bool anyone_ready() const { return ready_ != 0; }
    // The same, with who was given the processor since the last choice.
    bool anyone_waits_to_run() const { return direct_ || anyone_ready(); }
    // Of those that are ready, who runs first; it leaves its queue.
    Thread& first_ready() const { return *queues_[highest()].head(); }
    void take_first_ready() { dequeue(first_ready()); }
    // Somebody more important takes the place of `current`, who goes on before the others of its priority.
    void interrupt(Thread& current) { enqueue_front(current); }

    // `thread`, which was chosen to run, has no budget: it waits for its context's next period.
    void park(Thread& thread);
    // It has budget again, and is ready.
    void unpark(Thread& thread) {
        dequeue(thread);
        wake(thread);
    }
    // Looks once at each of those who wait so: whose budget has come back is ready again. A round of looks may pause after
    // any of them. False: it is over, and the next budget comes back at `next_refill`, ~0 if nobody waits.
    void begin_round() { unseen_ = parked_, next_refill_ = ~u64{0}; }
    bool in_round() const { return unseen_ != 0; }
    [[gnu::noinline]] bool look_at_next(u64 now);
    u64 next_refill() const { return next_refill_; }

private:
    static bool is_running(const Thread& current) { return current.state == ThreadState::Ready && !current.queued; }
    void enqueue_back(Thread& thread);
    void enqueue_front(Thread& thread);
    void dequeue(Thread& thread);
    void leave_exhausted(Thread& thread);
    unsigned highest() const { return 63 - static_cast<unsigned>(__builtin_clzll(ready_)); }

    u64 ready_ = 0;  // bit p: queues_[p] is not empty
    Thread* direct_ = nullptr;
    bool unsettled_ = false;
    ThreadQueue exhausted_;
    u64 parked_ = 0;                 // threads in it
    u64 unseen_ = 0;                 // of the round; they are its first ones
    u64 next_refill_ = ~u64{0};      // of those seen, and of those who came during the round
    ThreadQueue queues_[kPriorities];
};

inline void Scheduler::dequeue(Thread& thread) {
    thread.queued = false;
    if (thread.state == ThreadState::Exhausted) return leave_exhausted(thread);
    ThreadQueue& queue = queues_[thread.priority];
    queue.remove(thread);
    if (queue.empty()) ready_ &= ~(u64{1} << thread.priority);
}

inline void Scheduler::enqueue_front(Thread& thread) {
    queues_[thread.priority].push_front(thread);
    thread.queued = true;
    ready_ |= u64{1} << thread.priority;
}

inline void Scheduler::enqueue_back(Thread& thread) {
    queues_[thread.priority].push_back(thread);
    thread.queued = true;
    ready_ |= u64{1} << thread.priority;
}

inline Thread* Scheduler::choose(Thread* current) {
    Thread* chosen = direct_;
    take_candidate();
    if (current && is_running(*current) && current != chosen) {
        if (!chosen) {
            chosen = current;
        } else if (chosen->priority > current->priority) {
            enqueue_front(*current);
        } else {
            enqueue_back(*chosen);
            chosen = current;
        }
    }
    if (ready_ != 0 && (!chosen || highest() > chosen->priority)) {
        if (chosen) enqueue_front(*chosen);
        chosen = queues_[highest()].head();
        dequeue(*chosen);
    }
    return chosen;
}

}  // namespace eft::kernel
