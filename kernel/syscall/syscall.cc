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

// One that is going has no right left, and is as good as gone.
Error refusal(const Capability& cap) { return cap.going() ? Error::InvalidCapability : Error::MissingRight; }

[[gnu::always_inline]] inline Error send_to(Core& core, Thread& thread, EndpointCap to, bool call, Wait wait) {
    if (!to.may(EndpointRight::Send)) return refusal(to);
    return to.object().send(core, thread, to, call, wait);
}

Error send(Core& core, Thread& thread, Capability& cap, Wait wait) {
    switch (cap.type()) {
        case ObjectType::Endpoint:
            return send_to(core, thread, EndpointCap(cap), false, wait);
        case ObjectType::Notification: {
            const NotificationCap to(cap);
            if (!to.may(NotificationRight::Signal)) return refusal(cap);
            to.object().signal(core, raw(to->badge));
            return Error::None;
        }
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
    return cap.is(ObjectType::Endpoint) ? send_to(core, thread, EndpointCap(cap), true, wait) : invoke(core, thread, cap);
}

Error check_receive(Thread& thread, Capability& cap) {
    if (!cap.is(ObjectType::Endpoint)) return Error::InvalidCapability;
    if (!EndpointCap(cap).may(EndpointRight::Receive)) return refusal(cap);
    return thread.reply.empty() ? Error::ReplyMissing : Error::None;
}

Error receive(Core& core, Thread& thread, Capability& cap, Wait wait) {
    if (cap.is(ObjectType::Notification)) {
        const NotificationCap from(cap);
        if (!from.may(NotificationRight::Wait)) return refusal(cap);
        return from.object().wait(thread, from, wait == Wait::Poll);
    }
    if (Error error = check_receive(thread, cap); error != Error::None) return error;
    if (!has_free_reply(thread)) return Error::ReplyPending;
    return cap.as<Endpoint>().receive(core, thread, EndpointCap(cap), wait);
}

Error reply_receive(Core& core, Thread& thread, Capability& cap, Wait wait) {
    if (Error error = check_receive(thread, cap); error != Error::None) return error;
    bool lost = false;
    if (Error error = thread.reply.as<Reply>().answer(core, thread, lost); error != Error::None) return error;
    thread.note(Thread::ReplyLost, lost);  // told with what it receives, even if that comes later
    if (cap.empty()) [[unlikely]] return Error::InvalidCapability;  // the answer moved it away
    return cap.as<Endpoint>().receive(core, thread, EndpointCap(cap), wait);
}

Error debug(Core& core, Thread& thread) {
    switch (static_cast<DebugCall>(thread.registers.slot())) {
        case DebugCall::Print:
            arch::debug_print(static_cast<char>(thread.registers.word(0)));
            return Error::None;
        case DebugCall::Objects:
            thread.registers.set_result(Error::None, Badge::None, Tag(0, 1));
            thread.registers.set_word(0, core.kernel.objects);
            return Error::None;
        case DebugCall::Latency:
            thread.registers.set_result(Error::None, Badge::None, Tag(0, 1));
            thread.registers.set_word(0, core.latest_timer);
            core.latest_timer = 0;
            return Error::None;
    }
    return Error::InvalidOperation;
}

// Not for programs: what a thread is made to do while objects die that it killed. It changes no other register.
constexpr u64 kAwaitReaping = 0x400;

Error dispatch(Core& core, Thread& thread) {
    const u64 number = thread.registers.system_call();
    const Wait wait = number & kPoll ? Wait::Poll : Wait::Block;
    const auto operation = static_cast<SystemCall>(number & 0xff);
    thread.registers.set_status(Error::None);  // unless something else is found below
    if (number == kAwaitReaping) [[unlikely]] {
        core.note_dying();
        return Error::None;
    }
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

// A call that paused is made again. An answer is given only once: what paused afterwards is the receiving.
void make_again(Thread& thread, u64 number) {
    const bool answered = static_cast<SystemCall>(number & 0xff) == SystemCall::ReplyRecv && has_free_reply(thread);
    thread.registers.repeat(answered ? static_cast<u64>(SystemCall::Recv) | (number & kPoll) : number);
}

void fail(Thread& thread, Error error, u64 number) { error == kPaused ? make_again(thread, number) : thread.finish(error); }

// Whoever made objects die goes on when they are destroyed: until then, it makes a system call that leaves
// its result alone. Should it be stopped, they are destroyed bit by bit whenever the timer, which is armed as long as
// there are some, or a device interrupts, and when there is nothing else to do.
[[gnu::noinline]] Thread* leave_with_dying(Core& core, Thread* thread, Error result) {
    if (result == kPaused || !reap_dying(core)) {
        if (result == Error::None && thread && thread->state == ThreadState::Ready) thread->registers.repeat(kAwaitReaping);
        arm_slice(core);
        core.died = false;
    }
    return next_thread(core);
}

// Lets the scheduler decide.
[[gnu::always_inline]] inline Thread* leave_kernel(Core& core, Thread* thread = nullptr, Error result = Error::None) {
    if (core.died) [[unlikely]] return leave_with_dying(core, thread, result);
    return next_thread(core);
}

void reap_some(Core& core) {
    if (!core.kernel.dying) return;
    core.hurried = true;
    reap_dying(core);
    core.hurried = false;
    if (core.kernel.dying) arm_slice(core);
}

}  // namespace

Thread* handle_system_call(Core& core, Thread& thread) {
    const u64 number = thread.registers.system_call();
    core.work_left = arch::kWorkPerLook;
    const Error error = dispatch(core, thread);
    if (error != Error::None) fail(thread, error, number);
    return leave_kernel(core, &thread, error);
}

Thread* handle_invocation(Core& core, Thread& thread, Capability& cap) {
    core.work_left = arch::kWorkPerLook;
    const Error error = invoke(core, thread, cap);
    if (error != Error::None) [[unlikely]] fail(thread, error, static_cast<u64>(SystemCall::Call));
    // An invocation never makes its thread wait, and deaths unsettle the scheduler.
    if (!core.scheduler.unsettled()) [[likely]] return &thread;
    return leave_kernel(core, &thread, error);
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
    core.kernel.irqs.raise(core, number);
    reap_some(core);
    return leave_kernel(core);
}

Thread* handle_time_slice(Core& core) {
    end_slice(core);
    reap_some(core);
    return leave_kernel(core);
}

}  // namespace eft::kernel
