// A thread's registers: those that a system call uses, shared between its arguments and its results as on a real
// machine, and the few others that the kernel sets.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/abi/object.h>
#include <eft/abi/syscall.h>

namespace eft::kernel::arch {

struct UserRegisters {
    u64 number = 0;  // of the system call; then its status
    u64 target = 0;  // slot; then the badge received
    u64 message_tag = 0;
    u64 words[kRegisterWords] = {};
    u64 instruction = 0;
    u64 stack = 0;
    u64 message_page = 0;
    bool repeats = false;  // the thread does a system call when it runs next, as if its program did

    u64 system_call() const { return number; }
    u64 slot() const { return target; }
    Tag tag() const { return Tag(message_tag); }
    u64 word(unsigned i) const { return words[i]; }

    void set_word(unsigned i, u64 value) { words[i] = value; }
    void set_status(Error error) { number = static_cast<u64>(error); }
    void set_arguments(Tag tag, u64 first, u64 second) {
        message_tag = tag.value;
        set_word(0, first), set_word(1, second);
    }
    // The thread does this system call, with the arguments that are here, when it runs next.
    void repeat(u64 call) { number = call, repeats = true; }
    void add_flag(Tag::Flag flag) { message_tag |= flag; }
    void set_result(Error error, Badge badge, Tag tag) {
        number = static_cast<u64>(error), target = raw(badge), message_tag = tag.value;
        for (u64& word : words) word = 0;
    }

    u64 instruction_pointer() const { return instruction; }
    u64 stack_pointer() const { return stack; }
    void set_message_page(u64 address) { message_page = address; }
    void start(u64 first_instruction, u64 first_stack, u64 first, u64 second) {
        const u64 page = message_page;
        *this = UserRegisters{};
        instruction = first_instruction, stack = first_stack, target = first, message_tag = second, message_page = page;
    }
    u64 get(UserRegister which) const {
        switch (which) {
            case UserRegister::Rax: return number;
            case UserRegister::Rdi: return target;
            case UserRegister::Rsi: return message_tag;
            case UserRegister::Rdx: return words[0];
            case UserRegister::R8: return words[1];
            case UserRegister::R9: return words[2];
            case UserRegister::R10: return words[3];
            case UserRegister::Rip: return instruction;
            case UserRegister::Rsp: return stack;
            default: return 0;
        }
    }
};

}  // namespace eft::kernel::arch
