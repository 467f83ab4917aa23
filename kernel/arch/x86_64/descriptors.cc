// Intel SDM 3A: segment descriptors 3.4.5, task-state segment 7.7, interrupt gates 6.14.1.
#include "descriptors.h"

#include <arch/registers.h>

#include <cstddef>

extern "C" const char vector_stubs[];
extern "C" void nmi_entry();

namespace eft::kernel::arch {
namespace {

struct Gate {
    u16 offset_low, selector;
    u8 stack, type;
    u16 offset_middle;
    u32 offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

struct [[gnu::packed]] TablePointer {
    u16 limit;
    u64 base;
};

constexpr unsigned kStubSize = 8;
constexpr u8 kInterruptGate = 0x8e, kNmi = 2, kDoubleFault = 8, kMachineCheck = 18;
constexpr unsigned kEmergencyStack = 1, kNmiStack = 2;

// Order as SYSCALL and SYSRET want it: kernel code, kernel data, user data, user code.
u64 segments[7] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff, 0, 0};
constinit Gate gates[256]{};
alignas(16) std::byte emergency_stack[4096];
alignas(16) std::byte nmi_stack[512];

Gate gate_to(u64 address, u8 stack) {
    return {static_cast<u16>(address), kKernelCode, stack, kInterruptGate, static_cast<u16>(address >> 16), static_cast<u32>(address >> 32), 0};
}

}  // namespace

constinit TaskState task_state{};

void load_descriptors() {
    const u64 base = reinterpret_cast<u64>(&task_state);
    segments[5] = 0x0000890000000067 | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    segments[6] = base >> 32;
    task_state.io_map = sizeof(TaskState);
    task_state.ist[kEmergencyStack - 1] = reinterpret_cast<u64>(emergency_stack + sizeof(emergency_stack));
    task_state.ist[kNmiStack - 1] = reinterpret_cast<u64>(nmi_stack + sizeof(nmi_stack));

    for (unsigned vector = 0; vector < 256; ++vector) {
        const bool emergency = vector == kDoubleFault || vector == kMachineCheck;
        gates[vector] = gate_to(reinterpret_cast<u64>(vector_stubs) + vector * kStubSize, emergency ? kEmergencyStack : 0);
    }
    gates[kNmi] = gate_to(reinterpret_cast<u64>(&nmi_entry), kNmiStack);

    const TablePointer gdt{sizeof(segments) - 1, reinterpret_cast<u64>(segments)};
    const TablePointer idt{sizeof(gates) - 1, reinterpret_cast<u64>(gates)};
    asm volatile(
        "lgdt %0\n\tlidt %1\n\tltr %w2\n\t"
        "mov %w3, %%ds\n\tmov %w3, %%es\n\tmov %w3, %%ss\n\t"
        "pushq %4\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:"
        : : "m"(gdt), "m"(idt), "r"(kTaskState), "r"(kKernelData), "i"(kKernelCode) : "rax", "memory");
}

}  // namespace eft::kernel::arch
