// The system-call entry of the host's machine: the running thread's registers hold its arguments.
#pragma once

#include <syscall/fast_path.h>
#include <syscall/syscall.h>

namespace eft::kernel::arch {

template <MessageKind kKind>
Thread* enter_with_message(Core& core, Thread& thread) {
    Thread* result = nullptr;
    const auto deliver = [&](Thread& next, Badge badge, Tag tag, unsigned words) {
        next.registers.set_result(Error::None, badge, tag);
        for (unsigned i = 0; i < words && i < kRegisterWords; ++i) next.registers.set_word(i, thread.registers.word(i));
        result = &next;
    };
    const auto long_message = [&] { result = enter_with_message<MessageKind::Long>(core, thread); };
    const auto give_up = [&] { result = handle_system_call(core, thread); };
    const u64 slot = thread.registers.slot();
    const Tag tag = thread.registers.tag();
    if (thread.registers.system_call() == static_cast<u64>(SystemCall::Call)) {
        const auto invoke = [&](Capability& cap) { result = handle_invocation(core, thread, cap); };
        fast_call<kKind>(core, thread, slot, tag, deliver, long_message, give_up, invoke);
    } else {
        const auto answer_fault = [&] { result = enter_with_message<MessageKind::FaultAnswer>(core, thread); };
        const auto resume = [&](Thread& next) { result = &next; };
        fast_reply_receive<kKind>(core, thread, slot, tag, deliver, long_message, give_up, answer_fault, resume);
    }
    return result;
}

inline Thread* enter_system_call(Core& core) {
    Thread& thread = *core.current;
    const u64 number = thread.registers.system_call();
    if (number <= static_cast<u64>(SystemCall::ReplyRecv)) return enter_with_message<MessageKind::Short>(core, thread);
    const u64 slot = thread.registers.slot();
    if (finished_at_once(core, thread, slot, number)) {
        thread.registers.set_result(Error::None, Badge::None, Tag());
        return &thread;
    }
    Thread* next = switch_at_once(core, thread, slot, number);
    return next ? next : handle_system_call(core, thread);
}

}  // namespace eft::kernel::arch
