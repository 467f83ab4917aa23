// The system calls as functions. Everything else in libos rests on these.
//
// `Registers` is what goes in and comes out: the tag, words 0 to 3, and the badge of what was
// received. Further words and capability slots are in the calling thread's message page, utcb().
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/abi/object.h>
#include <eft/abi/syscall.h>
#include <eft/arch/program.h>
#include <eft/ipc/registers.h>

namespace eft::sys {

using ipc::Registers;

using arch::enter;
using arch::time_stamp;
using arch::utcb;

constexpr u64 number(SystemCall call, bool poll = false) { return static_cast<u64>(call) | (poll ? kPoll : 0); }

[[gnu::always_inline]] inline Error call(Slot slot, Registers& r) { return enter(number(SystemCall::Call), slot, r); }
[[gnu::always_inline]] inline Error poll_call(Slot slot, Registers& r) { return enter(number(SystemCall::Call, true), slot, r); }
[[gnu::always_inline]] inline Error reply_recv(Slot endpoint, Registers& r) { return enter(number(SystemCall::ReplyRecv), endpoint, r); }
[[gnu::always_inline]] inline Error poll_reply_recv(Slot endpoint, Registers& r) { return enter(number(SystemCall::ReplyRecv, true), endpoint, r); }
[[gnu::always_inline]] inline Error send(Slot slot, Registers& r) { return enter(number(SystemCall::Send), slot, r); }
[[gnu::always_inline]] inline Error poll_send(Slot slot, Registers& r) { return enter(number(SystemCall::Send, true), slot, r); }
[[gnu::always_inline]] inline Error recv(Slot slot, Registers& r) { return enter(number(SystemCall::Recv), slot, r); }
[[gnu::always_inline]] inline Error poll_recv(Slot slot, Registers& r) { return enter(number(SystemCall::Recv, true), slot, r); }

// OR-s the capability's badge into the notification.
[[gnu::always_inline]] inline Error signal(Slot notification) {
    Registers r;
    return enter(number(SystemCall::Send, true), notification, r);
}

inline void yield() {
    Registers r;
    enter(number(SystemCall::Yield), Slot::None, r);
}

inline void debug_print(const char* text) {
    for (; *text; ++text) {
        Registers r;
        r.w[0] = static_cast<u8>(*text);
        enter(number(SystemCall::Debug), Slot(static_cast<u32>(DebugCall::Print)), r);
    }
}

}  // namespace eft::sys
