#include <object/endpoint.h>

#include <object/notification.h>
#include <object/reply.h>
#include <object/transfer.h>
#include <schedule/core.h>

namespace eft::kernel {

// The message has been transferred: the sender waits for the answer in the receiver's Reply, or is
// done. Both states are set by the caller for `receiver`.
void Endpoint::accept(Thread& sender, Thread& receiver, bool call) {
    if (call) receiver.reply.as<Reply>().hold(sender);
}

Error Endpoint::send(Core& core, Thread& sender, Capability& via, bool call, Wait wait) {
    while (Thread* receiver = queue_.head()) {
        if (receiver->state != ThreadState::Receiving) break;
        if (call && !has_free_reply(*receiver)) {  // its Reply was deleted while it waited
            leave(*receiver);
            receiver->finish(Error::ReplyMissing);
            core.scheduler.wake(*receiver);
            continue;
        }
        if (Error error = transfer(sender, *receiver, Badge(via.data)); error != Error::None) return error;
        leave(*receiver);
        accept(sender, *receiver, call);
        if (call) {
            core.scheduler.switch_to(*receiver);
        } else {
            core.scheduler.wake(*receiver);
        }
        return Error::None;
    }
    if (wait == Wait::Poll) return Error::WouldBlock;
    sender.wants_reply = call;
    sender.sender_badge = Badge(via.data);
    enqueue(sender, via, ThreadState::Sending);
    return Error::None;
}

Error Endpoint::receive(Core& core, Thread& receiver, Capability& via, Wait wait) {
    if (!receiver.bound_notification.empty() && receiver.bound_notification.as<Notification>().deliver(receiver)) {
        return Error::None;
    }
    while (Thread* sender = queue_.head()) {
        if (sender->state != ThreadState::Sending) break;
        const Error error = transfer(*sender, receiver, sender->sender_badge);
        leave(*sender);
        if (error != Error::None) {
            if (sender->in_fault()) {
                core.scheduler.suspend_faulted(*sender);
            } else {
                sender->finish(error);
                core.scheduler.wake(*sender);
            }
            continue;
        }
        if (sender->wants_reply) {
            accept(*sender, receiver, true);
        } else {
            sender->finish(Error::None);
            core.scheduler.wake(*sender);
        }
        return Error::None;
    }
    if (wait == Wait::Poll) return Error::WouldBlock;
    enqueue(receiver, via, ThreadState::Receiving);
    return Error::None;
}

void Endpoint::cancel(Core& core, Capability& via) {
    for (Thread* thread = queue_.head(); thread && via.waiters != 0;) {
        Thread* next = thread->queue_next;
        if (thread->via == &via) {
            leave(*thread);
            core.scheduler.end_wait(*thread, Error::InvalidCapability);
        }
        thread = next;
    }
}

void Endpoint::rename(Capability& from, Capability& to) {
    for (Thread* thread = queue_.head(); thread; thread = thread->queue_next) {
        if (thread->via == &from) thread->via = &to;
    }
}

void Endpoint::destroy(Core& core) {
    while (Thread* thread = queue_.head()) {
        leave(*thread);
        core.scheduler.end_wait(*thread, Error::InvalidCapability);
    }
}

}  // namespace eft::kernel
