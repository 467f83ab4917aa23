#include <syscall/syscall.h>

#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/budget.h>
#include <syscall/invoke.h>

#include <arch/debug.h>

namespace eft::kernel {
namespace {

Capability* find(Thread& thread, u64 slot) {
    if (thread.table.empty()) return nullptr;
    Capability* cap = thread.table.as<CapTable>().lookup(slot);
    return cap && !cap->empty() ? cap : nullptr;
}

Error send(Core& core, Thread& thread, Capability& cap, Wait wait) {
    switch (cap.type()) {
        case ObjectType::Endpoint:
            if (!cap.may(EndpointRight::Send)) return Error::MissingRight;
            return cap.as<Endpoint>().send(core, thread, cap, false, wait);
        case ObjectType::Notification:
            if (!cap.may(NotificationRight::Signal)) return Error::MissingRight;
            cap.as<Notification>().signal(core, cap.data);
            return Error::None;
        case ObjectType::Reply: {
            bool lost = false;
            if (Error error = cap.as<Reply>().answer(core, thread, lost); error != Error::None) return error;
            thread.note(Thread::ReplyLost, lost);
            thread.finish(Error::None);
            return Error::None;
        }
        default:
            return Error::InvalidCapability;
    }
}

Error call(Core& core, Thread& thread, Capability& cap, Wait wait) {
    if (!cap.is(ObjectType::Endpoint)) return invoke(core, thread, cap);
    if (!cap.may(EndpointRight::Send)) return Error::MissingRight;
    return cap.as<Endpoint>().send(core, thread, cap, true, wait);
}

Error check_receive(Thread& thread, const Capability& cap) {
    if (!cap.is(ObjectType::Endpoint)) return Error::InvalidCapability;
    if (!cap.may(EndpointRight::Receive)) return Error::MissingRight;
    return thread.reply.empty() ? Error::ReplyMissing : Error::None;
}

Error receive(Core& core, Thread& thread, Capability& cap, Wait wait) {
    if (cap.is(ObjectType::Notification)) {
        if (!cap.may(NotificationRight::Wait)) return Error::MissingRight;
        return cap.as<Notification>().wait(thread, wait == Wait::Poll);
    }
    if (Error error = check_receive(thread, cap); error != Error::None) return error;
    if (!has_free_reply(thread)) return Error::ReplyPending;
    return cap.as<Endpoint>().receive(core, thread, cap, wait);
}

Error reply_receive(Core& core, Thread& thread, Capability& cap, Wait wait) {
    if (Error error = check_receive(thread, cap); error != Error::None) return error;
    bool lost = false;
    if (Error error = thread.reply.as<Reply>().answer(core, thread, lost); error != Error::None) return error;
    thread.note(Thread::ReplyLost, lost);  // told with what it receives, even if that comes later
    return cap.as<Endpoint>().receive(core, thread, cap, wait);
}

Error debug(Core& core, Thread& thread) {
    switch (static_cast<DebugCall>(thread.registers.slot())) {
        case DebugCall::Print:
            arch::debug_print(static_cast<char>(thread.registers.word(0)));
            return Error::None;
        case DebugCall::Objects: {
            const u64 ready = core.scheduler.ready_count() + 1;
            thread.registers.set_result(Error::None, Badge::None, Tag(0, 2));
            thread.registers.set_word(0, core.objects);
            thread.registers.set_word(1, ready);
            return Error::None;
        }
    }
    return Error::InvalidOperation;
}

Error dispatch(Core& core, Thread& thread) {
    const u64 number = thread.registers.system_call();
    const Wait wait = number & kPoll ? Wait::Poll : Wait::Block;
    const auto operation = static_cast<SystemCall>(number & 0xff);
    thread.registers.set_status(Error::None);  // unless something else is found below
    if ((number & ~(kPoll | 0xff)) != 0) return Error::InvalidOperation;
    if (operation == SystemCall::Yield) {
        if (wait == Wait::Block) core.scheduler.yield(thread);
        return Error::None;
    }
    if (operation == SystemCall::Debug) return debug(core, thread);

    Capability* cap = find(thread, thread.registers.slot());
    if (!cap) return Error::InvalidCapability;
    switch (operation) {
        case SystemCall::Call: return call(core, thread, *cap, wait);
        case SystemCall::ReplyRecv: return reply_receive(core, thread, *cap, wait);
        case SystemCall::Send: return send(core, thread, *cap, wait);
        case SystemCall::Recv: return receive(core, thread, *cap, wait);
        default: return Error::InvalidOperation;
    }
}

// Destroys what died, and lets the scheduler decide.
[[gnu::always_inline]] inline Thread* leave_kernel(Core& core) {
    if (core.dying) [[unlikely]] bury_dead(core);
    return next_thread(core);
}

}  // namespace

Thread* handle_system_call(Core& core) {
    Thread& thread = *core.current;
    const Error error = dispatch(core, thread);
    if (error != Error::None) thread.finish(error);
    return leave_kernel(core);
}

Thread* handle_invocation(Core& core, Capability& cap) {
    Thread& thread = *core.current;
    const Error error = invoke(core, thread, cap);
    if (error != Error::None) [[unlikely]] thread.finish(error);
    return leave_kernel(core);
}

Thread* handle_page_fault(Core& core, const FaultCause& cause) {
    raise_page_fault(core, *core.current, cause);
    return leave_kernel(core);
}

Thread* handle_exception(Core& core, const FaultCause& cause) {
    raise_exception(core, *core.current, cause);
    return leave_kernel(core);
}

Thread* handle_interrupt(Core& core, u32 number) {
    core.irqs.raise(core, number);
    return leave_kernel(core);
}

Thread* handle_time_slice(Core& core) {
    end_slice(core);
    return leave_kernel(core);
}

}  // namespace eft::kernel
