#include <object/endpoint.h>

#include <object/fault.h>
#include <object/notification.h>
#include <object/reply.h>
#include <object/transfer.h>
#include <object/waiters.h>
#include <schedule/core.h>

namespace eft::kernel {

constexpr int kFailedSend = 400;  // instructions

void Endpoint::await_receiver(Thread& thread, EndpointCap via, bool call) {
    thread.wants_reply = call;
    thread.sender_badge = via->badge;
    thread.state = ThreadState::Sending;
    thread.via = &via.slot();
    ++via->waiters;
    senders_.push_back(thread);
}

void Endpoint::leave(Thread& thread) {
    hand_.pass(thread);
    if (thread.state == ThreadState::Sending) {
        --thread.via->payload<ObjectType::Endpoint>().waiters;
        senders_.remove(thread);
    } else {
        receivers_.remove(thread);
    }
}

Error Endpoint::send(Core& core, Thread& sender, EndpointCap via, bool call, Wait wait) {
    if (Thread* receiver = receivers_.head()) {
        if (Error error = transfer(sender, *receiver, via->badge); error != Error::None) return error;
        take_first(receivers_);
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

void Endpoint::send_fault(Core& core, Thread& thread, EndpointCap via) {
    Thread* receiver = receivers_.head();
    if (!receiver) return await_receiver(thread, via, true);
    transfer_fault(thread, *receiver, via->badge);
    take_first(receivers_);
    receiver->reply.as<Reply>().hold(thread, *receiver);
    core.scheduler.switch_to(*receiver);
}

Error Endpoint::receive(Core& core, Thread& receiver, EndpointCap via, Wait wait) {
    receiver.let_go_of_lent();
    if (!receiver.bound_notification.empty() && receiver.bound_notification.as<Notification>().deliver(receiver)) {
        return Error::None;
    }
    while (Thread* sender = senders_.head()) {
        const Error error = transfer(*sender, receiver, sender->sender_badge);
        --sender->via->payload<ObjectType::Endpoint>().waiters;
        take_first(senders_);
        if (error != Error::None) {
            end_wait(core, *sender, error);
            if (core.must_pause(kFailedSend)) return kPaused;
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

bool Endpoint::cancel(Core& core, EndpointCap via) {
    if (receivers_.empty()) via->awaited = 0;
    return end_waits_through(core, receivers_.empty() ? senders_ : receivers_, hand_, {via, via->waiters, via->awaited});
}

bool Endpoint::can_rename(EndpointCap from) const {
    return (from->waiters == 0 || is_short(senders_)) && (from->awaited == 0 || is_short(receivers_));
}

void Endpoint::rename(EndpointCap from, Capability& to) {
    if (from->waiters != 0) rename_waiters(senders_, from, to);
    if (from->awaited != 0) rename_waiters(receivers_, from, to);
}

}  // namespace eft::kernel
