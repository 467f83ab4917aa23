// The machine that a program runs on: its system calls, its memory, its end. x86_64.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/ipc/registers.h>

#include <cstddef>

// Globals of libos and of programs, which each program has for itself. On the host several programs are in one process.
#define EFT_PROCESS_LOCAL

namespace eft::arch {

inline Utcb& utcb() {
    Utcb* page;
    asm("movq %%gs:%c1, %0" : "=r"(page) : "i"(offsetof(Utcb, self)));
    return *page;
}

[[gnu::always_inline]] inline Error enter(u64 operation, Slot slot, ipc::Registers& r) {
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

inline u64 time_stamp() {
    u64 low, high;  // RDTSC zeroes the upper halves (Intel SDM volume 2)
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return high << 32 | low;
}

// Where this program sees an address of its address space, and the way back.
template <class T>
T* pointer(u64 address) {
    return reinterpret_cast<T*>(address);
}
inline u64 address(const volatile void* pointer) { return reinterpret_cast<u64>(pointer); }

// Meets an exception.
[[noreturn]] inline void crash() {
    for (;;) asm volatile("ud2");
}

// Around eft_main(): the message page knows itself; the heap has its range and global constructors have run.
void begin_program();
void initialise_program();
int run_program();

}  // namespace eft::arch
