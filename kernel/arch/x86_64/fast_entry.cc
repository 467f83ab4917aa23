// The fast path (syscall/fast_path.h) of this machine: what entry.S jumps to for a call and a reply_recv.
#include <syscall/fast_path.h>

#include "entry.h"
#include "fpu.h"

namespace eft::kernel::arch {

extern "C" void enter_long_call(u64 slot, u64 tag, Thread& caller);
extern "C" void enter_fpu_call(u64 slot, u64 tag, Thread& caller);
extern "C" void enter_long_reply_receive(u64 slot, u64 tag, Thread& server);
extern "C" void enter_fpu_reply_receive(u64 slot, u64 tag, Thread& server);
extern "C" void enter_fault_answer(u64 slot, u64 tag, Thread& server);

namespace {

// The words of the message are in registers, and stay there.
template <MessageKind kKind>
[[gnu::always_inline]] inline auto deliver_from(Thread& from) {
    return [&from](Thread& next, Badge badge, Tag sent, unsigned) {
        switch_threads(from, next);
        if (kKind == MessageKind::Fpu) fpu.change_to(next);
        deliver_message(raw(badge), sent.value, next);
    };
}

// Apart, so that what is rare takes no registers from what is common.
template <MessageKind kKind>
[[gnu::noipa]] void retry_call(u64 slot, u64 tag, Thread& caller, const Thread& who) {
    switch (other_kind(kKind, who, Tag(tag))) {
        case MessageKind::Long: return enter_long_call(slot, tag, caller);
        case MessageKind::Fpu: return enter_fpu_call(slot, tag, caller);
        default: return general_system_call(slot, tag, caller, static_cast<u64>(SystemCall::Call));
    }
}
template <MessageKind kKind>
[[gnu::noipa]] void retry_reply_receive(u64 slot, u64 tag, Thread& server, const Thread& who) {
    switch (other_kind(kKind, who, Tag(tag))) {
        case MessageKind::Long: return enter_long_reply_receive(slot, tag, server);
        case MessageKind::Fpu: return enter_fpu_reply_receive(slot, tag, server);
        case MessageKind::FaultAnswer: return enter_fault_answer(slot, tag, server);
        default: return general_system_call(slot, tag, server, static_cast<u64>(SystemCall::ReplyRecv));
    }
}

// A function for each kind of message, so that the short way has no loop and needs no stack.
template <MessageKind kKind>
[[gnu::always_inline]] inline void call(u64 slot, u64 tag, Thread& caller) {
    fast_call<kKind>(
        core_local.core, caller, slot, Tag(tag), deliver_from<kKind>(caller),
        [=, &caller] { enter_long_call(slot, tag, caller); },
        [=, &caller](const Thread& who) { retry_call<kKind>(slot, tag, caller, who); },
        [=, &caller] { general_system_call(slot, tag, caller, static_cast<u64>(SystemCall::Call)); },
        [=, &caller](Capability& cap) { general_invocation(slot, tag, caller, cap); });
}

template <MessageKind kKind>
[[gnu::always_inline]] inline void reply_receive(u64 slot, u64 tag, Thread& server) {
    fast_reply_receive<kKind>(
        core_local.core, server, slot, Tag(tag), deliver_from<kKind>(server),
        [=, &server] { enter_long_reply_receive(slot, tag, server); },
        [=, &server](const Thread& who) { retry_reply_receive<kKind>(slot, tag, server, who); },
        [=, &server] { general_system_call(slot, tag, server, static_cast<u64>(SystemCall::ReplyRecv)); },
        [&server](Thread& caller) {
            switch_threads(server, caller);
            resume_user(caller.registers);
        });
}

}  // namespace

extern "C" void enter_call(u64 slot, u64 tag) { call<MessageKind::Short>(slot, tag, *core_local.core.current); }
extern "C" void enter_long_call(u64 slot, u64 tag, Thread& caller) { call<MessageKind::Long>(slot, tag, caller); }
extern "C" void enter_fpu_call(u64 slot, u64 tag, Thread& caller) { call<MessageKind::Fpu>(slot, tag, caller); }
extern "C" void enter_reply_receive(u64 slot, u64 tag) { reply_receive<MessageKind::Short>(slot, tag, *core_local.core.current); }
extern "C" void enter_long_reply_receive(u64 slot, u64 tag, Thread& server) { reply_receive<MessageKind::Long>(slot, tag, server); }
extern "C" void enter_fpu_reply_receive(u64 slot, u64 tag, Thread& server) { reply_receive<MessageKind::Fpu>(slot, tag, server); }
extern "C" void enter_fault_answer(u64 slot, u64 tag, Thread& server) { reply_receive<MessageKind::FaultAnswer>(slot, tag, server); }

}  // namespace eft::kernel::arch
