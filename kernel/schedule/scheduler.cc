#include <schedule/scheduler.h>

namespace eft::kernel {

void Scheduler::wake(Thread& thread) {
    unsettle();
    if (!thread.ready_to_run()) {  // its address space or its context is gone
        thread.state = ThreadState::Suspended;
        return;
    }
    if (!thread.charged) thread.charged = thread.own_context();
    thread.state = ThreadState::Ready;
    enqueue_back(thread);
}

void Scheduler::switch_to(Thread& thread) {
    if (direct_ || !thread.ready_to_run()) return wake(thread);
    unsettle();
    if (!thread.charged) thread.charged = thread.own_context();
    thread.state = ThreadState::Ready;
    direct_ = &thread;
}

void Scheduler::end_wait(Thread& thread, Error error) {
    thread.finish(error);
    wake(thread);
}

void Scheduler::stop(Thread& thread) {
    unsettle();
    const bool waited = thread.state != ThreadState::Ready && thread.state != ThreadState::Exhausted &&
                        thread.state != ThreadState::Suspended && !thread.in_fault();
    if (thread.queued) {
        dequeue(thread);
    } else if (&thread == direct_) {
        direct_ = nullptr;
    }
    thread.unblock();
    if (waited) thread.finish(Error::Cancelled);
}

void Scheduler::set_priority(Thread& thread, u8 priority) {
    unsettle();
    const bool ready = thread.queued && thread.state == ThreadState::Ready;
    if (ready) dequeue(thread);
    thread.set_priority(priority);
    if (ready) enqueue_back(thread);
}

void Scheduler::yield(Thread& current) {
    if (has_rival(current)) enqueue_back(current);
}

void Scheduler::park(Thread& thread) {
    thread.state = ThreadState::Exhausted;
    thread.queued = true;
    exhausted_.push_back(thread);
    ++parked_;
    if (thread.charged->next_refill() < next_refill_) next_refill_ = thread.charged->next_refill();
}

void Scheduler::leave_exhausted(Thread& thread) {
    exhausted_.remove(thread);
    --parked_;
    if (unseen_ > parked_) unseen_ = parked_;
}

bool Scheduler::look_at_next(u64 now) {
    if (unseen_ == 0) return false;
    --unseen_;
    Thread& thread = *exhausted_.head();
    if (thread.charged->has_budget(now)) {
        unpark(thread);
    } else {
        leave_exhausted(thread);
        park(thread);
    }
    return unseen_ != 0;
}

}  // namespace eft::kernel
