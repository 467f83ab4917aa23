#include <schedule/scheduler.h>

namespace eft::kernel {

void Scheduler::enqueue_back(Thread& thread) {
    queues_[thread.priority].push_back(thread);
    ready_ |= u64{1} << thread.priority;
}

void Scheduler::enqueue_front(Thread& thread) {
    queues_[thread.priority].push_front(thread);
    ready_ |= u64{1} << thread.priority;
}

void Scheduler::dequeue(Thread& thread) {
    ThreadQueue& queue = queues_[thread.priority];
    queue.remove(thread);
    if (queue.empty()) ready_ &= ~(u64{1} << thread.priority);
}

void Scheduler::wake(Thread& thread) {
    if (!thread.ready_to_run()) {  // its address space is gone
        thread.state = ThreadState::Suspended;
        return;
    }
    thread.state = ThreadState::Ready;
    enqueue_back(thread);
}

void Scheduler::switch_to(Thread& thread) {
    if (direct_ || !thread.ready_to_run()) return wake(thread);
    thread.state = ThreadState::Ready;
    direct_ = &thread;
}

void Scheduler::end_wait(Thread& thread, Error error) {
    if (thread.in_fault()) return suspend_faulted(thread);
    thread.finish(error);
    wake(thread);
}

void Scheduler::stop(Thread& thread) {
    if (thread.state == ThreadState::Ready) {
        if (&thread == direct_) {
            direct_ = nullptr;
        } else if (&thread == running_) {
            running_ = nullptr;
        } else {
            dequeue(thread);
        }
    }
    const bool waited = thread.state != ThreadState::Ready && thread.state != ThreadState::Suspended && !thread.in_fault();
    thread.unblock();
    if (waited) thread.finish(Error::Cancelled);
}

void Scheduler::set_priority(Thread& thread, u8 priority) {
    const bool queued = thread.state == ThreadState::Ready && &thread != direct_ && &thread != running_;
    if (queued) dequeue(thread);
    thread.priority = priority;
    if (queued) enqueue_back(thread);
}

Thread* Scheduler::choose(Thread* current) {
    Thread* chosen = direct_;
    direct_ = nullptr;
    if (current && current->state == ThreadState::Ready && current == running_) {
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
    running_ = chosen;
    return chosen;
}

void Scheduler::yield(Thread& current) {
    if (!has_rival(current)) return;
    enqueue_back(current);
    running_ = nullptr;
}

u64 Scheduler::ready_count() const {
    u64 count = running_ ? 1 : 0;
    for (const ThreadQueue& queue : queues_) {
        for (Thread* thread = queue.head(); thread; thread = thread->queue_next) ++count;
    }
    return count;
}

}  // namespace eft::kernel
