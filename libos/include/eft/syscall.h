// The system calls as functions. Everything else in libos rests on these.
//
// `Registers` is what goes in and comes out: the tag, words 0 to 3, and the badge of what was
// received. Further words and capability slots are in the calling thread's message page, utcb().
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/abi/object.h>
#include <eft/abi/syscall.h>
#include <eft/ipc/registers.h>

#include <cstddef>

namespace eft::sys {

using ipc::Registers;

inline Utcb& utcb() {
    Utcb* page;
    asm("movq %%gs:%c1, %0" : "=r"(page) : "i"(offsetof(Utcb, self)));
    return *page;
}

[[gnu::always_inline]] inline Error enter(u64 operation, Slot slot, Registers& r) {
    u64 rdi = raw(slot), rsi = r.tag.value;
    register u64 r12 asm("r12") = r.w[0];
    register u64 r13 asm("r13") = r.w[1];
    register u64 r14 asm("r14") = r.w[2];
    register u64 r15 asm("r15") = r.w[3];
    asm volatile("syscall"
                 : "+a"(operation), "+D"(rdi), "+S"(rsi), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
                 :
                 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc", "memory");
    r.badge = rdi;
    r.tag = Tag(rsi);
    r.w[0] = r12, r.w[1] = r13, r.w[2] = r14, r.w[3] = r15;
    return static_cast<Error>(operation);
}

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

inline u64 time_stamp() {
    u64 low, high;  // RDTSC zeroes the upper halves (Intel SDM volume 2)
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return high << 32 | low;
}

}  // namespace eft::sys
