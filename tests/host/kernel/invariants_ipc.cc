// Threads and where they wait: a thread is in exactly the one place that its state says, and both sides know it.
#include "invariants.h"

#include <object/address_space.h>
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>

#include <arch/record.h>

#include <algorithm>

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
    found.require(queue.empty() || queue.tail_ == previous, "a queue does not know its last thread");
    return threads;
}

void check_scheduler(Survey& found, Core& core, std::map<Thread*, int>& places) {
    const Scheduler& scheduler = core.scheduler;
    found.require(scheduler.direct_ == nullptr, "a direct switch was not made");
    for (unsigned priority = 0; priority < kPriorities; ++priority) {
        const std::vector<Thread*> queue = members(found, scheduler.queues_[priority]);
        found.require((scheduler.ready_ >> priority & 1) == !queue.empty(), "the bitmap of ready priorities is wrong");
        for (Thread* thread : queue) {
            ++places[thread];
            found.require(thread->state == ThreadState::Ready, "a thread in a ready queue is not ready");
            found.require(thread->queued, "a thread in a ready queue does not know it");
            found.require(thread->priority == priority, "a thread is in the queue of another priority");
            found.require(core.current || core.deadline <= arch::record().time, "the core idles while a thread is ready, and no timer fires");
            found.require(!core.current || core.current->priority >= priority, "a less important thread runs");
        }
    }
    for (Thread* thread : members(found, scheduler.exhausted_)) {
        ++places[thread];
        found.require(thread->state == ThreadState::Exhausted && thread->queued, "a parked thread is not exhausted");
        found.require(thread->charged && thread->charged == thread->own_context(), "a parked thread waits for another's budget");
        const u64 latest = scheduler.in_round() ? std::max(thread->charged->next_refill(), arch::record().time) : thread->charged->next_refill();
        found.require(core.deadline != 0 && core.deadline <= latest, "no timer gives a parked thread its budget");
    }
    found.require(scheduler.parked_ == members(found, scheduler.exhausted_).size() && scheduler.unseen_ <= scheduler.parked_,
                  "the parked threads are miscounted");
    // A deadline that is now is met a tick later.
    found.require(core.deadline == 0 || arch::record().timer - core.deadline <= 1, "the timer fires at another time than the kernel expects");
    found.require(scheduler.ready_ == 0 || core.deadline != 0, "others are ready, but no timer ends the slice");
    found.require(!core.kernel.dying || core.deadline != 0, "objects are dying, but no timer sees to that");
    found.require(!core.died, "what died in one entry is awaited in another");
    if (!core.current) return;
    if (!found.objects.contains(core.current)) return found.require(false, "the running thread does not exist");
    ++places[core.current];
    found.require(core.current->state == ThreadState::Ready, "the running thread is not ready");
    found.require(!core.current->queued, "the running thread is in a queue");
    found.require(core.current->charged == core.charged, "the running thread's time is charged to somebody else");
    const bool live = core.current->attention & Thread::LiveFpu;
    found.require(arch::record().fpu_of == (live ? core.current : nullptr), "the floating point register is another thread's");
    found.require(arch::record().fpu == (live ? fpu_value(*core.current) : 0), "the floating point register holds what is not the running thread's");
    if (!core.charged || !core.charged->limited()) return;
    found.require(core.deadline != 0 && core.deadline <= core.charged->end_of_budget(core.charged_since), "no timer ends the running thread's budget");
}

// A queue's hand is at a thread of the queue.
void check_hand(Survey& found, const QueueHand& hand, const std::vector<Thread*>& queue) {
    if (!hand.at()) return;
    found.require(std::find(queue.begin(), queue.end(), hand.at()) != queue.end(), "a queue's hand is at a thread that is not in it");
    found.require(found.at_hand.insert(hand.at()).second, "two queues' hands are at one thread");
}

void check_endpoint(Survey& found, Endpoint& endpoint, std::map<Thread*, int>& places,
                    std::map<Capability*, u64>& waiters) {
    std::vector<Thread*> queue = members(found, endpoint.senders_);
    for (Thread* thread : queue) {
        ++waiters[thread->via];
        found.require(thread->state == ThreadState::Sending, "a thread among an endpoint's senders does not send");
    }
    const std::vector<Thread*> receivers = members(found, endpoint.receivers_);
    found.require(queue.empty() || receivers.empty(), "senders and receivers wait at the same endpoint");
    for (Thread* thread : receivers) {
        found.require(thread->state == ThreadState::Receiving, "a thread among an endpoint's receivers does not receive");
        found.require(thread->via->payload<ObjectType::Endpoint>().awaited != 0, "a thread receives through a capability that does not know it");
        found.require(!thread->reply.empty(), "a thread receives without a Reply");
        queue.push_back(thread);
    }
    check_hand(found, endpoint.hand_, queue);
    for (Thread* thread : queue) {
        ++places[thread];
        if (!found.capabilities.contains(thread->via)) {
            found.require(false, "a thread waits through a capability that does not exist");
            continue;
        }
        found.require(thread->via->is(ObjectType::Endpoint) && thread->via->object() == &endpoint,
                      "a thread waits through a capability to something else");
        if (thread->in_fault()) {
            found.require(thread->via == &thread->pager || thread->via == &thread->exception_handler ||
                              thread->via == &thread->own_context()->handler,
                          "a fault is sent through a capability that is no handler");
        }
    }
}

void check_notification(Survey& found, Notification& notification, std::map<Thread*, int>& places,
                        std::map<Capability*, u64>& waiters) {
    const std::vector<Thread*> queue = members(found, notification.waiters_);
    check_hand(found, notification.hand_, queue);
    for (Thread* thread : queue) {
        ++places[thread];
        ++waiters[thread->via];
        found.require(thread->state == ThreadState::Waiting, "a thread in a notification's queue does not wait");
        found.require(found.capabilities.contains(thread->via) && thread->via->is(ObjectType::Notification) &&
                          thread->via->object() == &notification,
                      "a thread in a notification's queue waits through a capability to something else");
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
    if (!reply.holds()) return;
    if (!found.objects.contains(reply.caller_)) return found.require(false, "a Reply's caller does not exist");
    ++places[reply.caller_];
    found.require(reply.caller_->awaiting == &reply, "a Reply's caller waits for another one");
    found.require(reply.caller_->state == ThreadState::AwaitingReply, "a Reply's caller does not wait");
    const SchedContext* charged = reply.caller_->charged;
    if (!charged) return found.require(false, "a caller is charged to nobody");
    const Reply* through = charged->reply;
    while (through && through != &reply) through = through->outer;
    found.require(through || !charged->reply, "a caller is charged to a context that is lent, but not through its Reply");
}

// What the fast path goes by is what the slots say.
void check_attention(Survey& found, Thread& thread) {
    const auto agrees = [&](Thread::Attention bit, bool fact) {
        found.require(((thread.attention & bit) != 0) == fact, "a thread's attention word is wrong");
    };
    agrees(Thread::NoTable, thread.table.empty());
    agrees(Thread::NoSpace, thread.space.empty());
    agrees(Thread::NoContext, thread.context.empty());
    agrees(Thread::NoReply, thread.reply.empty());
    agrees(Thread::InFault, thread.fault.label != 0);
    agrees(Thread::AtHand, found.at_hand.contains(&thread));
    agrees(Thread::SignalPending, !thread.bound_notification.empty() && thread.bound_notification.as<Notification>().pending());
    found.require(thread.utcb == (thread.utcb_frame.empty() ? nullptr : to_pointer<Utcb>(thread.utcb_frame.address())),
                  "a thread's message page is not what its slot holds");
    found.require(thread.above == ~u64{1} << thread.priority, "a thread's priority and its mask differ");
    found.require(thread.space.empty() || thread.space_root == thread.space.as<AddressSpace>().root(),
                  "a thread's page table is not its address space's");
}

// A lent context: its chain of Replies leads to its owner, all callers on it wait with it, and one thread at most is
// charged for it.
void check_context(Survey& found, SchedContext& context) {
    if (context.owner && !found.objects.contains(context.owner)) {
        return found.require(false, "a context belongs to a thread that does not exist");
    }
    found.require(!context.owner || context.owner->own_context() == &context, "a context's owner has another one");
    Thread* outermost = nullptr;
    std::set<Thread*> waiting;
    for (Reply* reply = context.reply; reply; reply = reply->outer) {
        if (!found.objects.contains(reply) || !reply->holds() || !waiting.insert(reply->caller()).second) {
            return found.require(false, "a context is lent through a Reply that holds nobody, or twice");
        }
        outermost = reply->caller();
        found.require(outermost->charged == &context, "a caller whose context is lent is charged to another");
    }
    found.require(!context.reply || outermost == context.owner, "a lent context does not lead back to its owner");
    found.each<Thread>(ObjectType::Thread, [&](Thread& thread) {
        if (thread.charged != &context || waiting.contains(&thread)) return;
        found.require(context.reply ? &thread == context.holder : &thread == context.owner,
                      "a thread is charged to a context that it does not hold");
    });
    found.require(!context.reply || !context.holder || found.objects.contains(context.holder), "a context's holder is gone");
    found.require(!context.reply || !context.holder || context.holder->charged == &context,
                  "a context's holder is charged to another");
}

void check_thread(Survey& found, Thread& thread, int places) {
    found.require(!thread.dying || thread.state == ThreadState::Suspended, "a thread that is dying has not stopped");
    const ThreadState state = thread.state;
    found.require(places == (state == ThreadState::Suspended ? 0 : 1), "a thread is not in the one place of its state");
    found.require(state == ThreadState::Suspended || thread.ready_to_run(), "an active thread has no address space");
    found.require(state == ThreadState::Suspended || !thread.dying, "a dying thread is active");
    found.require(state != ThreadState::Ready || thread.charged, "a ready thread's time is charged to nobody");
    check_attention(found, thread);
    found.require(!thread.in_fault() || state == ThreadState::Suspended || state == ThreadState::Sending ||
                      state == ThreadState::AwaitingReply,
                  "a thread in a fault is in a state that faults do not lead to");
    for (Capability* slot : {&thread.table, &thread.space, &thread.utcb_frame, &thread.bound_notification, &thread.reply,
                             &thread.context}) {
        found.require(slot->empty() || slot->holder() == &thread, "an inner slot of a thread forgot it");
    }
    if (!thread.bound_notification.empty()) {
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
                             [&](Notification& notification) { check_notification(found, notification, places, waiters); });
    found.each<Reply>(ObjectType::Reply, [&](Reply& reply) { check_reply(found, reply, places); });
    found.each<Thread>(ObjectType::Thread, [&](Thread& thread) { check_thread(found, thread, places[&thread]); });
    found.each<SchedContext>(ObjectType::SchedContext, [&](SchedContext& context) { check_context(found, context); });
    for (Capability* cap : found.capabilities) {
        if (!cap->is(ObjectType::Endpoint) && !cap->is(ObjectType::Notification)) continue;
        const u64 counted = cap->is(ObjectType::Endpoint) ? EndpointCap(*cap)->waiters : NotificationCap(*cap)->waiters;
        found.require(counted == waiters[cap], "a capability miscounts who waits through it");
    }
}

}  // namespace eft::kernel::test
