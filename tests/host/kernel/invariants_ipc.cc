// Threads and where they wait: a thread is in exactly the one place that its state says, and both sides know it.
#include "invariants.h"

#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>

namespace eft::kernel::test {
namespace {

// The threads of a queue, with its links checked.
std::vector<Thread*> members(Survey& found, const ThreadQueue& queue) {
    std::vector<Thread*> threads;
    Thread* previous = nullptr;
    for (Thread* thread = queue.head_; thread; previous = thread, thread = thread->queue_next) {
        if (!found.objects.contains(thread) || thread->queue_prev != previous) {
            found.require(false, "a queue's links are broken, or lead to a thread that does not exist");
            return threads;
        }
        threads.push_back(thread);
    }
    found.require(queue.tail_ == previous, "a queue does not know its last thread");
    return threads;
}

void check_scheduler(Survey& found, Core& core, std::map<Thread*, int>& places) {
    const Scheduler& scheduler = core.scheduler;
    found.require(scheduler.direct_ == nullptr, "a direct switch was not made");
    found.require(scheduler.running_ == core.current, "the scheduler runs another thread than the core");
    for (unsigned priority = 0; priority < kPriorities; ++priority) {
        const std::vector<Thread*> queue = members(found, scheduler.queues_[priority]);
        found.require((scheduler.ready_ >> priority & 1) == !queue.empty(), "the bitmap of ready priorities is wrong");
        for (Thread* thread : queue) {
            ++places[thread];
            found.require(thread->state == ThreadState::Ready, "a thread in a ready queue is not ready");
            found.require(thread->priority == priority, "a thread is in the queue of another priority");
            found.require(core.current != nullptr, "the core idles while a thread is ready");
            found.require(!core.current || core.current->priority >= priority, "a less important thread runs");
        }
    }
    if (!core.current) return;
    if (!found.objects.contains(core.current)) return found.require(false, "the running thread does not exist");
    ++places[core.current];
    found.require(core.current->state == ThreadState::Ready, "the running thread is not ready");
}

void check_endpoint(Survey& found, Endpoint& endpoint, std::map<Thread*, int>& places,
                    std::map<Capability*, u64>& waiters) {
    const std::vector<Thread*> queue = members(found, endpoint.queue_);
    for (Thread* thread : queue) {
        ++places[thread];
        ++waiters[thread->via];
        found.require(thread->state == queue.front()->state, "senders and receivers wait at the same endpoint");
        found.require(thread->state == ThreadState::Sending || thread->state == ThreadState::Receiving,
                      "a thread in an endpoint's queue neither sends nor receives");
        found.require(thread->blocked_on == &endpoint, "a thread in an endpoint's queue waits elsewhere");
        if (!found.capabilities.contains(thread->via)) {
            found.require(false, "a thread waits through a capability that does not exist");
            continue;
        }
        found.require(thread->via->is(ObjectType::Endpoint) && thread->via->object() == &endpoint,
                      "a thread waits through a capability to something else");
        if (thread->in_fault()) {
            found.require(thread->via == &thread->pager || thread->via == &thread->exception_handler,
                          "a fault is sent through a capability that is no handler");
        }
    }
}

void check_notification(Survey& found, Notification& notification, std::map<Thread*, int>& places) {
    for (Thread* thread : members(found, notification.waiters_)) {
        ++places[thread];
        found.require(thread->state == ThreadState::Waiting, "a thread in a notification's queue does not wait");
        found.require(thread->blocked_on == &notification, "a thread in a notification's queue waits elsewhere");
        found.require(notification.bits_ == 0, "a thread waits although there are bits");
    }
    Thread* bound = notification.bound_;
    if (!bound) return;
    if (!found.objects.contains(bound)) return found.require(false, "a notification is bound to no living thread");
    found.require(
        bound->bound_notification.is(ObjectType::Notification) && bound->bound_notification.object() == &notification,
        "a notification's thread does not know of its binding");
    found.require(notification.bits_ == 0 || bound->state != ThreadState::Receiving,
                  "a bound thread waits to receive although there are bits");
}

void check_reply(Survey& found, Reply& reply, std::map<Thread*, int>& places) {
    found.require((reply.state_ == Reply::State::Holding) == (reply.caller_ != nullptr), "a Reply's state is wrong");
    if (!reply.caller_) return;
    if (!found.objects.contains(reply.caller_)) return found.require(false, "a Reply's caller does not exist");
    ++places[reply.caller_];
    found.require(reply.caller_->awaiting == &reply, "a Reply's caller waits for another one");
    found.require(reply.caller_->state == ThreadState::AwaitingReply, "a Reply's caller does not wait");
}

void check_thread(Survey& found, Thread& thread, int places) {
    const ThreadState state = thread.state;
    const bool queued = state == ThreadState::Sending || state == ThreadState::Receiving;
    found.require(places == (state == ThreadState::Suspended ? 0 : 1), "a thread is not in the one place of its state");
    found.require((thread.blocked_on != nullptr) == (queued || state == ThreadState::Waiting),
                  "what a thread is blocked on does not fit its state");
    found.require((thread.via != nullptr) == queued, "a thread's way to its endpoint does not fit its state");
    found.require((thread.awaiting != nullptr) == (state == ThreadState::AwaitingReply), "a thread's awaited Reply");
    found.require(state == ThreadState::Suspended || thread.ready_to_run(), "an active thread has no address space");
    found.require(!thread.in_fault() || state == ThreadState::Suspended || state == ThreadState::Sending ||
                      state == ThreadState::AwaitingReply,
                  "a thread in a fault is in a state that faults do not lead to");
    found.require(thread.space.empty() || thread.space.holder == &thread, "a thread's address space forgot it");
    if (!thread.bound_notification.empty()) {
        found.require(thread.bound_notification.holder == &thread, "a thread's notification slot forgot it");
        found.require(thread.bound_notification.as<Notification>().bound_ == &thread, "a binding is one-sided");
    }
    if (state == ThreadState::Receiving && !thread.reply.empty()) {
        found.require(thread.reply.as<Reply>().free(), "a thread receives with a Reply that is in use");
    }
}

}  // namespace

void check_threads(Survey& found, Core& core) {
    std::map<Thread*, int> places;
    std::map<Capability*, u64> waiters;
    check_scheduler(found, core, places);
    found.each<Endpoint>(ObjectType::Endpoint,
                         [&](Endpoint& endpoint) { check_endpoint(found, endpoint, places, waiters); });
    found.each<Notification>(ObjectType::Notification,
                             [&](Notification& notification) { check_notification(found, notification, places); });
    found.each<Reply>(ObjectType::Reply, [&](Reply& reply) { check_reply(found, reply, places); });
    found.each<Thread>(ObjectType::Thread, [&](Thread& thread) { check_thread(found, thread, places[&thread]); });
    for (Capability* cap : found.capabilities) {
        if (cap->is(ObjectType::Endpoint)) {
            found.require(cap->waiters == waiters[cap], "an endpoint capability miscounts who waits through it");
        }
    }
}

}  // namespace eft::kernel::test
