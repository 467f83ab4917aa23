#include <object/endpoint.h>

#include <object/fault.h>
#include <object/notification.h>
#include <object/reply.h>
#include <object/transfer.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

// The thread, which has left its queue, is told that its wait failed.
void end_wait(Core& core, Thread& thread, Error error) {
    if (thread.in_fault()) {
        thread.state = ThreadState::Suspended;
        abandon_fault(core, thread);
    } else {
        core.scheduler.end_wait(thread, error);
    }
}

template <class Function>
void each_through(const ThreadQueue& queue, const Capability& via, Function function) {
    for (Thread* thread = queue.head(); thread;) {
        Thread* next = thread->queue_next;
        if (thread->via == &via) function(*thread);
        thread = next;
    }
}

}  // namespace

void Endpoint::await_receiver(Thread& thread, Capability& via, bool call) {
    thread.wants_reply = call;
    thread.sender_badge = Badge(via.data);
    thread.state = ThreadState::Sending;
    thread.via = &via;
    ++via.senders;
    senders_.push_back(thread);
}

void Endpoint::leave(Thread& thread) {
    if (thread.state == ThreadState::Sending) {
        --thread.via->senders;
        senders_.remove(thread);
    } else {
        receivers_.remove(thread);
    }
}

Error Endpoint::send(Core& core, Thread& sender, Capability& via, bool call, Wait wait) {
    if (Thread* receiver = receivers_.head()) {
        if (Error error = transfer(sender, *receiver, Badge(via.data)); error != Error::None) return error;
        take_first_receiver();
        if (call) {
            receiver->reply.as<Reply>().hold(sender, *receiver);
            core.scheduler.switch_to(*receiver);
        } else {
            core.scheduler.wake(*receiver);
        }
        return Error::None;
    }
    if (wait == Wait::Poll) return Error::WouldBlock;
    await_receiver(sender, via, call);
    return Error::None;
}

void Endpoint::send_fault(Core& core, Thread& thread, Capability& via) {
    Thread* receiver = receivers_.head();
    if (!receiver) return await_receiver(thread, via, true);
    transfer_fault(thread, *receiver, Badge(via.data));
    take_first_receiver();
    receiver->reply.as<Reply>().hold(thread, *receiver);
    core.scheduler.switch_to(*receiver);
}

Error Endpoint::receive(Core& core, Thread& receiver, Capability& via, Wait wait) {
    receiver.let_go_of_lent();
    if (!receiver.bound_notification.empty() && receiver.bound_notification.as<Notification>().deliver(receiver)) {
        return Error::None;
    }
    while (Thread* sender = senders_.head()) {
        const Error error = transfer(*sender, receiver, sender->sender_badge);
        leave(*sender);
        if (error != Error::None) {
            end_wait(core, *sender, error);
            continue;
        }
        if (sender->wants_reply) {
            receiver.reply.as<Reply>().hold(*sender, receiver);
        } else {
            sender->finish(Error::None);
            core.scheduler.wake(*sender);
        }
        return Error::None;
    }
    if (wait == Wait::Poll) return Error::WouldBlock;
    await_message(receiver, via);
    return Error::None;
}

void Endpoint::cancel(Core& core, Capability& via) {
    const auto end = [&](Thread& thread) {
        leave(thread);
        end_wait(core, thread, Error::InvalidCapability);
    };
    if (via.senders != 0) each_through(senders_, via, end);
    if (via.awaited != 0) each_through(receivers_, via, end);
}

void Endpoint::rename(Capability& from, Capability& to) {
    const auto follow = [&](Thread& thread) { thread.via = &to; };
    if (from.senders != 0) each_through(senders_, from, follow);
    if (from.awaited != 0) each_through(receivers_, from, follow);
}

void Endpoint::destroy(Core& core) {
    for (ThreadQueue* queue : {&senders_, &receivers_}) {
        while (Thread* thread = queue->head()) {
            leave(*thread);
            end_wait(core, *thread, Error::InvalidCapability);
        }
    }
}

}  // namespace eft::kernel
