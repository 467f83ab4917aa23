// The system-call entry of the host's machine: the running thread's registers hold its arguments.
#pragma once

#include <syscall/fast_path.h>
#include <syscall/syscall.h>

namespace eft::kernel::arch {

template <MessageKind kKind>
Thread* enter_with_message(Core& core, Thread& thread);

inline Thread* enter_as(MessageKind kind, Core& core, Thread& thread);

// Out of the kernel by the general path.
inline Thread* go_on(Thread* next) {
    if (next) switch_fpu(*next);
    return next;
}

template <MessageKind kKind>
Thread* enter_with_message(Core& core, Thread& thread) {
    Thread* result = nullptr;
    const u64 slot = thread.registers.slot();
    const Tag tag = thread.registers.tag();
    const auto deliver = [&](Thread& next, Badge badge, Tag sent, unsigned words) {
        next.registers.set_result(Error::None, badge, sent);
        for (unsigned i = 0; i < words && i < kRegisterWords; ++i) next.registers.set_word(i, thread.registers.word(i));
        if (kKind == MessageKind::Fpu) switch_fpu(next);
        result = &next;
    };
    const auto long_message = [&] { result = enter_as(MessageKind::Long, core, thread); };
    const auto retry = [&](const Thread& who) { result = enter_as(other_kind(kKind, who, tag), core, thread); };
    const auto give_up = [&] { result = enter_as(MessageKind::General, core, thread); };
    if (thread.registers.system_call() == static_cast<u64>(SystemCall::Call)) {
        const auto invoke = [&](Capability& cap) { result = go_on(handle_invocation(core, thread, cap)); };
        fast_call<kKind>(core, thread, slot, tag, deliver, long_message, retry, give_up, invoke);
    } else {
        const auto resume = [&](Thread& next) { result = &next; };
        fast_reply_receive<kKind>(core, thread, slot, tag, deliver, long_message, retry, give_up, resume);
    }
    return result;
}

inline Thread* enter_as(MessageKind kind, Core& core, Thread& thread) {
    switch (kind) {
        case MessageKind::Short: return enter_with_message<MessageKind::Short>(core, thread);
        case MessageKind::Long: return enter_with_message<MessageKind::Long>(core, thread);
        case MessageKind::Fpu: return enter_with_message<MessageKind::Fpu>(core, thread);
        case MessageKind::FaultAnswer: return enter_with_message<MessageKind::FaultAnswer>(core, thread);
        case MessageKind::General: break;
    }
    return go_on(handle_system_call(core, thread));
}

// A system call that is not the kernel's goes to the handler, which needs a message page.
inline bool is_handled(Thread& thread) {
    const ForeignCalls& foreign = thread.foreign;
    if (foreign.mark == 0 || foreign.is_native(thread.registers.instruction)) return false;
    thread.registers.number |= foreign.mark;
    if (!thread.utcb) return false;
    thread.utcb->foreign_return = thread.registers.instruction;
    thread.registers.instruction = foreign.handler;
    return true;
}

inline Thread* enter_system_call(Core& core) {
    Thread& thread = *core.current;
    if (is_handled(thread)) return &thread;
    const u64 number = thread.registers.system_call();
    if (number <= static_cast<u64>(SystemCall::ReplyRecv)) return enter_as(MessageKind::Short, core, thread);
    const u64 slot = thread.registers.slot();
    if (finished_at_once(core, thread, slot, number)) {
        thread.registers.set_result(Error::None, Badge::None, Tag());
        return &thread;
    }
    Thread* next = switch_at_once(core, thread, slot, number);
    return next ? next : enter_as(MessageKind::General, core, thread);
}

}  // namespace eft::kernel::arch
