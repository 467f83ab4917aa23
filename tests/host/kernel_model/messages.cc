// Messages: rendezvous, calls and answers, faults, notifications; and the system calls that lead there.
#include "model.h"

#include <algorithm>
#include <set>

namespace eft::model {
namespace {

bool derivable(ObjectType type) {
    return type != ObjectType::Untyped && type != ObjectType::PageTable && type != ObjectType::CapPage && type != ObjectType::Reply;
}

}  // namespace

Page* Model::page(Id thread) {
    const CapId frame = inner(thread, kUtcb);
    return frame ? &pages.at(cap(frame).object) : nullptr;
}

void Model::result(Id id, Error error, u64 badge, Tag tag, const Words& words) {
    Thread& thread = threads.at(id);
    if (thread.reply_lost) tag = tag.with(Tag::ReplyLost);
    thread.reply_lost = false;
    thread.registers.number = static_cast<u64>(error);
    thread.registers.target = badge;
    thread.registers.tag = tag;
    thread.registers.words = words;
}

Error Model::transfer(Id from, Id to, u64 badge) {
    const Thread& sender = threads.at(from);
    if (sender.fault) {
        result(to, Error::None, badge, Tag(sender.fault, kRegisterWords).with(Tag::Fault), sender.fault_words);
        return Error::None;
    }
    const Tag tag = sender.registers.tag;
    if (tag.words() > 448 || tag.caps() > 4) return Error::InvalidArgument;
    if (tag.words() > 4 || tag.caps() != 0) {
        Page* source = page(from);
        Page* target = page(to);
        if (!source) return Error::NoUtcb;
        if (!target) return Error::PeerNoUtcb;
        const bool moves = tag.has(Tag::Move);
        std::vector<std::pair<CapId, Place>> carried;
        std::set<Place> used;
        std::set<CapId> sent;
        if (tag.caps() != 0 && !inner(from, kTable)) return Error::InvalidCapability;
        if (tag.caps() != 0 && !inner(to, kTable)) return Error::PeerNoSlot;
        for (unsigned i = 0; i < tag.caps(); ++i) {
            const CapId id = slot(from, source->send[i]);
            if (!id || (!moves && !derivable(cap(id).type))) return Error::InvalidCapability;
            const u32 index = target->receive[i];
            if (!slot_exists(to, index) || slot(to, index)) return Error::PeerNoSlot;
            if (!used.insert(slot_place(to, index)).second) return Error::PeerNoSlot;
            if (!sent.insert(id).second && moves) return Error::InvalidCapability;
            carried.emplace_back(id, slot_place(to, index));
        }
        for (const auto& [id, place] : carried) {
            if (moves) {
                move(id, place);
            } else {
                derive(id, place, kAllRights, cap(id).badge);
            }
        }
        for (unsigned i = 4; i < tag.words(); ++i) target->words[i] = source->words[i];
    }
    Words words{};
    for (unsigned i = 0; i < 4 && i < tag.words(); ++i) words[i] = sender.registers.words[i];
    result(to, Error::None, badge, tag.without(Tag::kReceiveFlags | Tag::Move), words);
    return Error::None;
}

Error Model::send(Id id, CapId via, bool call, bool poll) {
    const Id object = cap(via).object;
    Endpoint& endpoint = endpoints.at(object);
    const u64 badge = cap(via).badge;
    if (endpoint.receivers.empty()) {
        if (poll) return Error::WouldBlock;
        Thread& sender = threads.at(id);
        sender.state = ThreadState::Sending;
        sender.via = via;
        sender.waits_on = object;
        sender.wants_reply = call;
        sender.sender_badge = badge;
        endpoint.senders.push_back(id);
        return Error::None;
    }
    const Id receiver = endpoint.receivers.front();
    if (const Error error = transfer(id, receiver, badge); error != Error::None) return error;
    endpoint.receivers.pop_front();
    if (!call) {
        finish(id, Error::None);
        wake(receiver);
        return Error::None;
    }
    const Id reply = inner_object(receiver, kReply);
    replies.at(reply) = {Reply::Holds, id};
    threads.at(id).state = ThreadState::AwaitingReply;
    threads.at(id).waits_on = reply;
    lend(id, receiver, reply);
    switch_to(receiver);
    return Error::None;
}

Error Model::receive(Id id, CapId via, bool poll) {
    let_go(id);
    if (const Id bound = inner_object(id, kBound); bound && take_bits(bound, id)) return Error::None;
    const Id object = cap(via).object;
    Endpoint& endpoint = endpoints.at(object);
    while (!endpoint.senders.empty()) {
        const Id from = endpoint.senders.front();
        const Error error = transfer(from, id, threads.at(from).sender_badge);
        endpoint.senders.pop_front();
        if (error != Error::None) {
            threads.at(from).state = ThreadState::Suspended;
            endpoint_wait_ended(from, error);
            continue;
        }
        if (threads.at(from).wants_reply) {
            const Id reply = inner_object(id, kReply);
            replies.at(reply) = {Reply::Holds, from};
            threads.at(from).state = ThreadState::AwaitingReply;
            threads.at(from).waits_on = reply;
            lend(from, id, reply);
        } else {
            finish(from, Error::None);
            wake(from);
        }
        return Error::None;
    }
    if (poll) return Error::WouldBlock;
    Thread& thread = threads.at(id);
    thread.state = ThreadState::Receiving;
    thread.via = via;
    thread.waits_on = object;
    endpoint.receivers.push_back(id);
    return Error::None;
}

// The caller that the Reply holds waits no longer.
Id Model::end_call(Id id) {
    Reply& reply = replies.at(id);
    const Id caller = reply.caller;
    if (const Id charged = threads.at(caller).charged) take_back(charged, id);
    threads.at(caller).state = ThreadState::Suspended;
    reply = {};
    return caller;
}

Error Model::answer(Id id, Id server) {
    Reply& reply = replies.at(id);
    if (reply.state == Reply::Free) return Error::NothingToAnswer;
    threads.at(server).reply_lost = reply.state == Reply::Gone;
    if (reply.state == Reply::Gone) {
        reply = {};
        ++threads.at(server).delivered;
        return Error::None;
    }
    Thread& caller = threads.at(reply.caller);
    draw_back(caller.charged, id);  // even if the answer fails
    if (caller.fault) {
        const Id faulted = end_call(id);
        if (threads.at(server).registers.tag.label() == 0 || caller.fault == kBudgetLabel) {
            caller.fault = 0;
            switch_to(faulted);
        } else if (caller.fault == kPageFaultLabel) {
            caller.fault = kExceptionLabel;
            deliver_fault(faulted);
        }
    } else {
        threads.at(server).reply_lost = false;
        const Error error = transfer(server, reply.caller, 0);
        if (error == Error::PeerNoSlot || error == Error::PeerNoUtcb) {
            finish(reply.caller, error);
        } else if (error != Error::None) {
            return error;
        }
        switch_to(end_call(id));
    }
    ++threads.at(server).delivered;
    return Error::None;
}

void Model::endpoint_wait_ended(Id id, Error error) {
    if (!threads.at(id).fault) return end_wait(id, error);
    threads.at(id).state = ThreadState::Suspended;
    abandon_fault(id);
}

void Model::raise_fault(Id id, u32 label, const Words& words) {
    threads.at(id).fault = label;
    threads.at(id).fault_words = words;
    threads.at(id).state = ThreadState::Suspended;
    deliver_fault(id);
}

void Model::deliver_fault(Id id) {
    CapId handler = 0;
    switch (threads.at(id).fault) {
        case kPageFaultLabel: handler = inner(id, kPager); break;
        case kExceptionLabel: handler = inner(id, kExceptions); break;
        default: handler = inner(own_context(id), kHandler); break;
    }
    if (handler) {
        send(id, handler, true, false);
    } else {
        abandon_fault(id);
    }
}

// A page fault becomes an exception; an exception stays; who has no budget waits for some.
void Model::abandon_fault(Id id) {
    Thread& thread = threads.at(id);
    if (thread.fault == kPageFaultLabel) {
        thread.fault = kExceptionLabel;
        deliver_fault(id);
    } else if (thread.fault == kBudgetLabel) {
        thread.fault = 0;
        wake(id);
    }
}

bool Model::take_bits(Id id, Id thread) {
    Notification& notification = notifications.at(id);
    if (notification.bits == 0) return false;
    result(thread, Error::None, notification.bits, Tag(Tag::Notification));
    notification.bits = 0;
    return true;
}

void Model::signal(Id id, u64 bits) {
    Notification& notification = notifications.at(id);
    notification.bits |= bits;
    if (notification.bits == 0) return;
    const Id bound = notification.bound;
    Id woken = 0;
    if (!notification.waiters.empty()) {
        woken = notification.waiters.front();
    } else if (bound && threads.at(bound).state == ThreadState::Receiving) {
        woken = bound;
    }
    if (!woken) return;
    leave_wait(woken);
    take_bits(id, woken);
    switch_to(woken);
}

Error Model::system_send(Id id, CapId to, bool poll) {
    switch (cap(to).type) {
        case ObjectType::Endpoint:
            if (!(cap(to).rights & 1)) return Error::MissingRight;
            return send(id, to, false, poll);
        case ObjectType::Notification:
            if (!(cap(to).rights & 1)) return Error::MissingRight;
            finish(id, Error::None);
            signal(cap(to).object, cap(to).badge);
            return Error::None;
        case ObjectType::Reply:
            if (const Error error = answer(cap(to).object, id); error != Error::None) return error;
            finish(id, Error::None);
            return Error::None;
        default: return Error::InvalidCapability;
    }
}

Error Model::system_receive(Id id, CapId from, bool poll, bool answers) {
    const Cap source = cap(from);
    if (source.type == ObjectType::Notification && !answers) {
        if (!(source.rights & 2)) return Error::MissingRight;
        if (take_bits(source.object, id)) return Error::None;
        if (poll) return Error::WouldBlock;
        let_go(id);
        threads.at(id).state = ThreadState::Waiting;
        threads.at(id).via = from;
        threads.at(id).waits_on = source.object;
        notifications.at(source.object).waiters.push_back(id);
        return Error::None;
    }
    if (source.type != ObjectType::Endpoint) return Error::InvalidCapability;
    if (!(source.rights & 2)) return Error::MissingRight;
    const Id reply = inner_object(id, kReply);
    if (!reply) return Error::ReplyMissing;
    if (!answers) {
        if (replies.at(reply).state != Reply::Free) return Error::ReplyPending;
        return receive(id, from, poll);
    }
    if (const Error error = answer(reply, id); error != Error::None) return error;
    // The answer may have moved away the very capability.
    if (cap(from).place != source.place) return Error::InvalidCapability;
    return receive(id, from, poll);
}

// A foreign thread's, unless it is made by the handler's code. The number then has bit 63 in any case.
bool Model::goes_to_handler(Operation& operation) {
    Thread& thread = threads.at(current);
    const u64 at = thread.registers.instruction - 2;
    if (!thread.foreign || (at >= thread.first && at < thread.first + thread.size)) return false;
    operation.number |= u64{1} << 63;
    Page* to = page(current);
    if (!to) return false;
    to->foreign_return = thread.registers.instruction;
    thread.registers = {operation.number, operation.slot, operation.tag, operation.words, thread.handler, thread.registers.stack};
    return true;
}

Error Model::system_call(const Operation& operation) {
    Thread& thread = threads.at(current);
    thread.registers = {0, operation.slot, operation.tag, operation.words, thread.registers.instruction, thread.registers.stack};
    if (operation.number & ~u64{0x1ff}) return Error::InvalidOperation;
    const bool poll = operation.number & kPoll;
    const u64 number = operation.number & 0xff;
    if (number == 4) {
        const Id thread_id = current;
        finish(thread_id, Error::None);
        if (!poll) yield();
        return Error::None;
    }
    if (number == 5) {
        if (operation.slot == 0) {
            finish(current, Error::None);
            return Error::None;
        }
        if (operation.slot == 2) {
            latency_unknown = current;
            result(current, Error::None, 0, Tag(0, 1));
            return Error::None;
        }
        if (operation.slot != 1) return Error::InvalidOperation;
        result(current, Error::None, 0, Tag(0, 1), {object_count(), 0, 0, 0});
        return Error::None;
    }
    const CapId id = slot(current, operation.slot);
    if (!id) {
        if (number == 0 && (operation.tag.caps() != 0 || operation.tag.words() > kMaxWords)) two_mistakes = current;
        return Error::InvalidCapability;
    }
    switch (number) {
        case 0:
            if (cap(id).type != ObjectType::Endpoint) return invoke(current, id);
            if (!(cap(id).rights & 1)) return Error::MissingRight;
            return send(current, id, true, poll);
        case 1: return system_receive(current, id, poll, true);
        case 2: return system_send(current, id, poll);
        case 3: return system_receive(current, id, poll, false);
        default: return Error::InvalidOperation;
    }
}

void Model::step(const Operation& operation) {
    inspected_page = 0;
    latency_unknown = 0;
    nothing_received = 0;
    two_mistakes = 0;
    for (auto& [id, context] : contexts) context.refilled = false;
    outcome = "done";
    const auto& registers = [&]() -> Registers& { return threads.at(current).registers; };
    switch (operation.kind) {
        case Operation::System: {
            const Id thread = current;
            Operation made = operation;
            if (goes_to_handler(made)) {
                outcome = "handled by the thread";
                break;
            }
            const Error error = system_call(made);
            if (error != Error::None) finish(thread, error);
            const ThreadState state = threads.at(thread).state;
            const u64 number = operation.number & 0xff;
            if (error == Error::None && state == ThreadState::Ready && (number == 2 || number == 4 || number == 5)) nothing_received = thread;
            outcome = error != Error::None ? to_string(error) : state == ThreadState::Ready ? "done" : "waits or stops";
            break;
        }
        case Operation::PageFault:
            raise_fault(current, kPageFaultLabel, {operation.address, registers().instruction, u64{14} << 32 | 4, registers().stack});
            break;
        case Operation::Exception:
            raise_fault(current, kExceptionLabel, {0, registers().instruction, operation.number << 32, registers().stack});
            break;
        case Operation::Interrupt:
            if (const CapId bound = inner(0, kIrq + static_cast<u32>(operation.number))) {
                signal(cap(bound).object, cap(bound).badge);
            } else {
                outcome = "nobody listens";
            }
            break;
        case Operation::TimeSlice:
            advance(operation.address);
            wake_refilled();
            if (current) yield();
            break;
        case Operation::Time: advance(operation.address); return;
    }
    reap();
    schedule();
}

}  // namespace eft::model
