// The user-mode registers of a thread, in the order in which entry.S stores them; the processor
// itself stores the last five on interrupts and exceptions (Intel SDM 3A, 6.14.2), right here,
// because the TSS names the end of this frame as the kernel's stack.
//
// A thread that is in the kernel by a system call has stored less: `vector` is kEnteredBySystemCall, and
// only rip, rsp, rbp and, once it is on the general path, the registers of eft/abi/syscall.h mean
// something. `vector` says so whenever the thread runs in user mode: interrupts and exceptions overwrite
// it, and the way back from them restores it.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/abi/object.h>
#include <eft/abi/syscall.h>

#include <cstddef>

namespace eft::kernel::arch {

constexpr u64 kEnteredBySystemCall = 256;  // in `vector`: SYSRET returns
constexpr u16 kKernelCode = 0x08, kKernelData = 0x10, kUserData = 0x1b, kUserCode = 0x23, kTaskState = 0x28;
constexpr u64 kInitialFlags = 0x202;  // interrupts on

struct UserRegisters {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u64 vector = 0, error_code = 0;
    u64 rip = 0, cs = kUserCode, rflags = kInitialFlags, rsp = 0, ss = kUserData;
    u64 fs_base = 0, message_page = 0;

    // A system call's arguments (see eft/abi/syscall.h).
    u64 system_call() const { return rax; }
    u64 slot() const { return rdi; }
    Tag tag() const { return Tag(rsi); }
    u64 word(unsigned i) const { return i == 0 ? r12 : i == 1 ? r13 : i == 2 ? r14 : r15; }
    // Its results.
    void set_word(unsigned i, u64 value) { (i == 0 ? r12 : i == 1 ? r13 : i == 2 ? r14 : r15) = value; }
    void set_status(Error error) { rax = static_cast<u64>(error); }
    void set_arguments(Tag tag, u64 first, u64 second) {
        rsi = tag.value;
        set_word(0, first), set_word(1, second);
    }
    // The thread does this system call, with the arguments that are here, when it runs next: its last
    // instruction was SYSCALL, which is two bytes long.
    void repeat(u64 call) { rax = call, rip -= 2; }
    void add_flag(Tag::Flag flag) { rsi |= flag; }
    void set_result(Error error, Badge badge, Tag tag) {
        rax = static_cast<u64>(error), rdi = raw(badge), rsi = tag.value;
        r12 = r13 = r14 = r15 = 0;
    }

    u64 instruction_pointer() const { return rip; }
    u64 stack_pointer() const { return rsp; }
    void set_message_page(u64 address) { message_page = address; }
    // A fresh start: all registers zero but these.
    void start(u64 instruction, u64 stack, u64 first, u64 second) {
        const u64 page = message_page;
        *this = UserRegisters{};
        rip = instruction, rsp = stack, rdi = first, rsi = second, message_page = page;
    }
    u64 get(UserRegister which) const {
        const u64 values[] = {rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags};
        const auto index = static_cast<unsigned>(which);
        return index < sizeof(values) / sizeof(values[0]) ? values[index] : 0;
    }
};
// entry.S knows these.
static_assert(offsetof(UserRegisters, r15) == 0 && offsetof(UserRegisters, r12) == 24);
static_assert(offsetof(UserRegisters, rbp) == 32 && offsetof(UserRegisters, rax) == 80);
static_assert(offsetof(UserRegisters, rsi) == 104 && offsetof(UserRegisters, rdi) == 112);
static_assert(offsetof(UserRegisters, vector) == 120 && offsetof(UserRegisters, rip) == 136);
static_assert(offsetof(UserRegisters, rsp) == 160 && offsetof(UserRegisters, fs_base) == 176);
static_assert(offsetof(UserRegisters, message_page) == 184);

}  // namespace eft::kernel::arch
