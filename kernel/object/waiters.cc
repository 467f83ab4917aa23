#include <object/waiters.h>

#include <object/endpoint.h>
#include <object/fault.h>
#include <object/notification.h>

namespace eft::kernel {

void end_wait(Core& core, Thread& thread, Error error) {
    if (thread.in_fault()) {
        thread.state = ThreadState::Suspended;
        abandon_fault(core, thread);
    } else {
        core.scheduler.end_wait(thread, error);
    }
}

void refuse(Core& core, Thread& thread) {
    if (thread.state == ThreadState::Waiting) {
        thread.via->as<Notification>().leave(thread);
    } else {
        thread.via->as<Endpoint>().leave(thread);
    }
    end_wait(core, thread, Error::InvalidCapability);
}

// Those who send, or wait for bits, are counted. Of those who receive is only known that there may be some: from now on
// `awaited` is how often the hand has to come to the end until it has been at all of them.
bool end_waits_through(Core& core, const ThreadQueue& queue, QueueHand& hand, WaitsThrough waits) {
    constexpr int kEndWork = 300, kStepWork = 12;
    if (!waits.via.going()) {
        waits.via.begin_to_go();
        if (waits.awaited != 0 && hand.at()) waits.awaited = 2;
    }
    Thread* thread = hand.at();
    hand.move(nullptr);
    while (!queue.empty() && (waits.waiters != 0 || waits.awaited != 0)) {
        if (!thread) thread = queue.head();
        Thread* next = thread->queue_next;
        const bool through = thread->via->going();
        if (through) refuse(core, *thread);
        if (!next && waits.awaited != 0) --waits.awaited;
        thread = next;
        if (core.must_pause(through ? kEndWork : kStepWork)) {
            hand.move(thread);
            return false;
        }
    }
    waits.awaited = 0;
    return true;
}

bool is_short(const ThreadQueue& queue) {
    unsigned length = 0;
    for (Thread* thread = queue.head(); thread; thread = thread->queue_next) {
        if (++length > kMaxFollowers) return false;
    }
    return true;
}

void rename_waiters(const ThreadQueue& queue, const Capability& from, Capability& to) {
    for (Thread* thread = queue.head(); thread; thread = thread->queue_next) {
        if (thread->via == &from) thread->via = &to;
    }
}

}  // namespace eft::kernel
