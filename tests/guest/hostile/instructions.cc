// Attacks without the kernel's interface: registers that point where they must not, instructions that are the kernel's.
#include "instructions.h"

#include "rows.h"

#include <eft/invoke.h>
#include <eft/layout.h>

namespace eft::hostile {
namespace {

constexpr u64 kGarbage[kRegisterWords] = {kAllOnes, kKernelAddress, kNonCanonical, 0x1234};
// Carry, parity, adjust, zero, sign, direction, overflow, nested task, alignment check, identification.
constexpr u64 kHarmlessFlags = 0x264cd5;
constexpr u64 kTrapFlag = 0x100;

// Yields with another stack pointer; it is kept in rbp, which the kernel keeps, and must be kept itself.
template <u64 kStack>
Error yield_with_stack() {
    u64 result = static_cast<u64>(SystemCall::Yield), stack = kStack, slot = 0, after = 0;
    asm volatile(
        "leaq -128(%%rsp), %%rsp\n\tpushq %%rbp\n\tmovq %%rsp, %%rbp\n\tmovq %1, %%rsp\n\tsyscall\n\t"
        "movq %%rsp, %3\n\tmovq %%rbp, %%rsp\n\tpopq %%rbp\n\tleaq 128(%%rsp), %%rsp"
        : "+a"(result), "+b"(stack), "+D"(slot), "+S"(after)
        :
        : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
    return after == kStack ? static_cast<Error>(result) : kRegistersWrong;
}

template <u64 kStack>
Error push_with_stack() {
    asm volatile("movq %0, %%rsp\n\tpushq $1\n\tud2" : : "r"(kStack));
    return None;
}

template <u64 kTarget>
Error jump() {
    asm volatile("jmp *%0" : : "r"(kTarget));
    return None;
}

template <u64 kAddress>
Error read() {
    asm volatile("movq (%0), %%rax" : : "r"(kAddress) : "rax");
    return None;
}

template <u64 kAddress>
Error write() {
    asm volatile("movq %0, (%0)" : : "r"(kAddress) : "memory");
    return None;
}

// FS and GS base are the thread's own: any canonical value may stand there when it enters the kernel.
template <u64 kBase>
Error enter_with_bases() {
    const u64 mine = reinterpret_cast<u64>(&sys::utcb());
    asm volatile("wrfsbase %0\n\twrgsbase %0" : : "r"(kBase));
    const Error error = attack(static_cast<u64>(SystemCall::Yield), 0, 0, kGarbage);
    asm volatile("wrgsbase %0" : : "r"(mine));
    return error;
}

template <SystemCall kCall>
Error enter_with_flags() {
    return attack(static_cast<u64>(kCall), kAllOnes, kAllOnes, kGarbage, kHarmlessFlags);
}
template <SystemCall kCall>
Error enter_with_trap_flag() {
    return attack(static_cast<u64>(kCall), kAllOnes, kAllOnes, kGarbage, kTrapFlag | kHarmlessFlags);
}

// An exception with all flags: the kernel must not run with them.
Error fault_with_flags() {
    asm volatile("pushq %0\n\tpopfq\n\tud2" : : "r"(kHarmlessFlags) : "cc");
    return None;
}

// It takes away from itself what it stands on.
Error delete_all_capabilities() {
    static_cast<void>(kernel_object::remove(static_cast<Slot>(kOwnTable), static_cast<Slot>(1), static_cast<u32>(kTableEnd) - 1));
    const Error error = attack(static_cast<u64>(SystemCall::Call), kOwnTable, Tag(static_cast<u32>(CapUsed), 0).value, kGarbage);
    if (error != InvalidCapability) return error;
    asm volatile("ud2");
    return None;
}

Error suspend_itself() { return kernel_object::suspend(static_cast<Slot>(kOwnThread)).error(); }

Error revoke_own_table() {
    static_cast<void>(kernel_object::revoke(static_cast<Slot>(kOwnTable), static_cast<Slot>(kOwnTable)));
    return attack(static_cast<u64>(SystemCall::Call), kOwnTable, Tag(static_cast<u32>(CapUsed), 0).value, kGarbage);
}

Error write_lost_page() {
    const u64 page = reinterpret_cast<u64>(&sys::utcb());
    lose_message_page();
    *reinterpret_cast<volatile u64*>(page) = 1;
    return None;
}

constexpr u64 kText = layout::kImageBase, kConfig = layout::kConfigAddress, kStackPage = layout::kStackTop - 0x1000;

constexpr Case kCases[] = {
    act(Registers, "rsp-of-the-kernel-at-entry", answers(None), yield_with_stack<kKernelAddress>),
    act(Registers, "rsp-not-canonical-at-entry", answers(None), yield_with_stack<kNonCanonical>),
    act(Registers, "rsp-0-at-entry", answers(None), yield_with_stack<0>),
    act(Registers, "rsp-2^64-1-at-entry", answers(None), yield_with_stack<kAllOnes>),
    act(Registers, "push-on-the-kernel", raises(kPageFault), push_with_stack<kKernelAddress>),
    act(Registers, "push-on-a-non-canonical-stack", raises(kStackFault, kProtection), push_with_stack<kNonCanonical + 0x1000>),
    act(Registers, "push-on-0", raises(kPageFault), push_with_stack<8>),
    act(Registers, "fs-and-gs-base-of-the-kernel", answers(None), enter_with_bases<kKernelAddress>),
    act(Registers, "fs-and-gs-base-of-the-direct-map", answers(None), enter_with_bases<kDirectMap>),
    act(Registers, "fs-and-gs-base-2^64-1", answers(None), enter_with_bases<kAllOnes>),
    act(Registers, "fs-and-gs-base-0", answers(None), enter_with_bases<0>),
    act(Registers, "all-flags-at-call", answers(InvalidCapability), enter_with_flags<SystemCall::Call>, SystemCall::Call),
    act(Registers, "all-flags-at-reply-recv", answers(InvalidCapability), enter_with_flags<SystemCall::ReplyRecv>, SystemCall::ReplyRecv),
    act(Registers, "all-flags-at-send", answers(InvalidCapability), enter_with_flags<SystemCall::Send>, SystemCall::Send),
    act(Registers, "all-flags-at-recv", answers(InvalidCapability), enter_with_flags<SystemCall::Recv>, SystemCall::Recv),
    act(Registers, "all-flags-at-yield", answers(None), enter_with_flags<SystemCall::Yield>, SystemCall::Yield),
    act(Registers, "all-flags-at-debug", answers(InvalidOperation), enter_with_flags<SystemCall::Debug>, SystemCall::Debug),
    act(Registers, "single-step-over-yield", answers(None), enter_with_trap_flag<SystemCall::Yield>, SystemCall::Yield),
    act(Registers, "all-flags-at-an-exception", raises(kInvalidOpcode), fault_with_flags),
    act(Registers, "single-step", raises(kDebug), [] { asm volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop" : : : "cc", "memory"); return None; }),

    act(Instruction, "jump-into-the-kernel", raises(kPageFault), jump<kKernelAddress>),
    act(Instruction, "jump-into-the-direct-map", raises(kPageFault), jump<kDirectMap>),
    act(Instruction, "jump-to-a-non-canonical-address", raises(kProtection), jump<kNonCanonical>),
    act(Instruction, "jump-to-0", raises(kPageFault), jump<0>),
    act(Instruction, "jump-into-the-stack", raises(kPageFault), jump<kStackPage>),
    act(Instruction, "jump-into-the-configuration", raises(kPageFault), jump<kConfig>),
    act(Instruction, "read-the-kernel", raises(kPageFault), read<kKernelAddress>),
    act(Instruction, "read-the-direct-map", raises(kPageFault), read<kDirectMap>),
    act(Instruction, "read-the-local-apic", raises(kPageFault), read<0xffff'ffff'c000'0000>),
    act(Instruction, "read-a-non-canonical-address", raises(kProtection), read<kNonCanonical>),
    act(Instruction, "write-the-kernel", raises(kPageFault), write<kKernelAddress>),
    act(Instruction, "write-the-direct-map", raises(kPageFault), write<kDirectMap>),
    act(Instruction, "write-its-own-text", raises(kPageFault), write<kText>),
    act(Instruction, "write-its-configuration", raises(kPageFault), write<kConfig>),
    act(Instruction, "write-the-lost-message-page", raises(kPageFault), write_lost_page),
    act(Instruction, "cli", raises(kProtection), [] { asm volatile("cli"); return None; }),
    act(Instruction, "sti", raises(kProtection), [] { asm volatile("sti"); return None; }),
    act(Instruction, "hlt", raises(kProtection), [] { asm volatile("hlt"); return None; }),
    act(Instruction, "in", raises(kProtection), [] { asm volatile("inb $0x60, %%al" : : : "rax"); return None; }),
    act(Instruction, "out", raises(kProtection), [] { asm volatile("movl $0x10, %%eax\n\tmovl $0xf4, %%edx\n\toutl %%eax, %%dx" : : : "rax", "rdx"); return None; }),
    act(Instruction, "swapgs", raises(kProtection), [] { asm volatile("swapgs"); return None; }),
    act(Instruction, "sysret", raises(kProtection), [] { asm volatile("sysretq"); return None; }),
    act(Instruction, "read-cr0", raises(kProtection), [] { asm volatile("movq %%cr0, %%rax" : : : "rax"); return None; }),
    act(Instruction, "read-cr3", raises(kProtection), [] { asm volatile("movq %%cr3, %%rax" : : : "rax"); return None; }),
    act(Instruction, "write-cr3", raises(kProtection), [] { asm volatile("movq %0, %%cr3" : : "r"(u64{0})); return None; }),
    act(Instruction, "write-cr4", raises(kProtection), [] { asm volatile("movq %0, %%cr4" : : "r"(u64{0})); return None; }),
    act(Instruction, "write-dr7", raises(kProtection), [] { asm volatile("movq %0, %%dr7" : : "r"(u64{0})); return None; }),
    act(Instruction, "rdmsr", raises(kProtection), [] { asm volatile("rdmsr" : : "c"(0xc0000082u) : "rax", "rdx"); return None; }),
    act(Instruction, "wrmsr", raises(kProtection), [] { asm volatile("wrmsr" : : "c"(0xc0000082u), "a"(0), "d"(0)); return None; }),
    act(Instruction, "lgdt", raises(kProtection), [] { asm volatile("lgdt -64(%%rsp)" : : : "memory"); return None; }),
    act(Instruction, "lidt", raises(kProtection), [] { asm volatile("lidt -64(%%rsp)" : : : "memory"); return None; }),
    act(Instruction, "ltr", raises(kProtection), [] { asm volatile("ltr %w0" : : "r"(0x28)); return None; }),
    act(Instruction, "sgdt", raises(kProtection), [] { asm volatile("sgdt -64(%%rsp)" : : : "memory"); return None; }),
    act(Instruction, "sidt", raises(kProtection), [] { asm volatile("sidt -64(%%rsp)" : : : "memory"); return None; }),
    act(Instruction, "sldt", raises(kProtection), [] { asm volatile("sldt %%eax" : : : "rax"); return None; }),
    act(Instruction, "str", raises(kProtection), [] { asm volatile("str %%eax" : : : "rax"); return None; }),
    act(Instruction, "smsw", raises(kProtection), [] { asm volatile("smsw %%eax" : : : "rax"); return None; }),
    act(Instruction, "invlpg", raises(kProtection), [] { asm volatile("invlpg (%%rsp)" : : : "memory"); return None; }),
    act(Instruction, "wbinvd", raises(kProtection), [] { asm volatile("wbinvd"); return None; }),
    act(Instruction, "clts", raises(kProtection), [] { asm volatile("clts"); return None; }),
    act(Instruction, "stac", raises(kInvalidOpcode), [] { asm volatile("stac"); return None; }),
    act(Instruction, "iret-to-the-kernels-segment", raises(kProtection, kPageFault), [] {
        asm volatile("pushq $0x10\n\tpushq %%rsp\n\tpushfq\n\tpushq $8\n\tpushq %0\n\tiretq" : : "r"(kKernelAddress) : "memory");
        return None;
    }),
    act(Instruction, "far-return-to-the-kernels-segment", raises(kProtection, kPageFault), [] { asm volatile("pushq $8\n\tpushq %0\n\tlretq" : : "r"(kKernelAddress) : "memory"); return None; }),
    act(Instruction, "load-the-kernels-data-segment", raises(kProtection), [] { asm volatile("movw %w0, %%ds" : : "r"(0x10)); return None; }),
    act(Instruction, "load-the-task-segment", raises(kProtection), [] { asm volatile("movw %w0, %%es" : : "r"(0x28)); return None; }),
    act(Instruction, "int-0x80", raises(kProtection), [] { asm volatile("int $0x80"); return None; }),
    act(Instruction, "int-of-the-timer", raises(kProtection), [] { asm volatile("int $0x20"); return None; }),
    act(Instruction, "int-of-a-page-fault", raises(kProtection), [] { asm volatile("int $14"); return None; }),
    act(Instruction, "int-of-a-double-fault", raises(kProtection), [] { asm volatile("int $8"); return None; }),
    act(Instruction, "int-of-nmi", raises(kProtection), [] { asm volatile("int $2"); return None; }),
    act(Instruction, "int3", raises(kProtection), [] { asm volatile("int3"); return None; }),
    act(Instruction, "icebp", raises(kDebug, kInvalidOpcode), [] { asm volatile(".byte 0xf1"); return None; }),
    act(Instruction, "ud2", raises(kInvalidOpcode), [] { asm volatile("ud2"); return None; }),
    act(Instruction, "divide-by-0", raises(kDivideError), [] { asm volatile("divl %0" : : "r"(0), "a"(1), "d"(0) : "cc"); return None; }),

    act(State, "suspends-itself", stops(), suspend_itself),
    act(State, "revokes-its-own-table", answers(None), revoke_own_table),
    // The last: its supervisor does not fill the table again.
    act(State, "deletes-all-its-capabilities", raises(kInvalidOpcode), delete_all_capabilities),
};

}  // namespace

std::span<const Case> instruction_cases() { return kCases; }

}  // namespace eft::hostile
