// The system calls, and how registers carry them.
//
//   in:   rax = SystemCall | flags   rdi = slot    rsi = tag   r12 r13 r14 r15 = words 0 to 3
//   out:  rax = Error                rdi = badge   rsi = tag   r12 r13 r14 r15 = words 0 to 3
//
// rsp and rbp are kept, all other registers are lost: rbx, rdx, r8, r9 and r10 are zero afterwards, rcx
// and r11 are what SYSRET makes of them, and the flags are reset. Of the word registers, those that
// carry no word of the received message are zero. The words are in registers that C++ functions keep,
// so on the way through the kernel nobody has to move them.
#pragma once

#include <eft/abi/types.h>

namespace eft {

enum class SystemCall : u8 {
    // Send to an endpoint and wait for the answer; or invoke a kernel object.
    Call = 0,
    // Answer the caller in the thread's current Reply, then receive from an endpoint.
    ReplyRecv = 1,
    // Send to an endpoint without answer, signal a notification, or answer a Reply in a slot.
    Send = 2,
    // Receive from an endpoint (or its thread's bound notification), or wait on a notification.
    Recv = 3,
    // Let other threads of the same priority run. Its Poll form does nothing: the shortest entry.
    Yield = 4,
    // Debug builds only: see DebugCall.
    Debug = 5,
};
constexpr unsigned kSystemCalls = 6;

// Added to the system call: do not wait, answer WouldBlock instead. A polled Call is refused only
// where nobody waits to receive it; once it is taken it waits for its answer.
constexpr u64 kPoll = 0x100;

enum class DebugCall : u8 {
    Print = 0,    // word 0: a character for the kernel's serial line
    Objects = 1,  // answers the number of live kernel objects in word 0
    Latency = 2,  // answers in word 0 by how many ticks the timer's interrupt came late at most since this was asked last
};

}  // namespace eft
