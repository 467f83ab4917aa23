#include "panic.h"

#include <arch/debug.h>
#include <arch/ports.h>

#include "cpu.h"
#include "local.h"

namespace eft::kernel::arch {
namespace {

constexpr u16 kSerialData = 0x3f8, kSerialLineStatus = 0x3fd;  // COM1, 16550
constexpr u32 kTransmitterEmpty = 0x20;
constexpr u16 kDebugExit = 0xf4;  // QEMU's isa-debug-exit, where there is one
constexpr u32 kPanicStatus = 0x3f;

}  // namespace

void debug_print(char character) {
    while (!(port_in(kSerialLineStatus, 1) & kTransmitterEmpty)) {
    }
    port_out(kSerialData, 1, static_cast<u8>(character));
}

void print(const char* text) {
    for (; *text; ++text) debug_print(*text);
}

void print_hex(u64 value) {
    for (int shift = 60; shift >= 0; shift -= 4) debug_print("0123456789abcdef"[value >> shift & 15]);
}

[[noreturn]] void panic(const char* what) { panic(what, nullptr); }

[[noreturn]] void panic(const char* what, const UserRegisters* registers) {
    print("\nkernel panic: ");
    print(what);
    print("\n");
    if (registers) {
        const struct { const char* name; u64 value; } lines[] = {
            {"vector ", registers->vector}, {"code   ", registers->error_code}, {"rip    ", registers->rip}, {"rsp    ", registers->rsp},
            {"rflags ", registers->rflags}, {"cr2    ", read_fault_address()}, {"rax    ", registers->rax}, {"rbx    ", registers->rbx},
            {"rcx    ", registers->rcx},    {"rdx    ", registers->rdx},       {"rsi    ", registers->rsi}, {"rdi    ", registers->rdi},
            {"rbp    ", registers->rbp},    {"r8     ", registers->r8},        {"r9     ", registers->r9},  {"r10    ", registers->r10},
            {"thread ", reinterpret_cast<u64>(core_local.core.current)},
        };
        for (const auto& line : lines) print(line.name), print_hex(line.value), print("\n");
    }
    port_out(kDebugExit, 4, kPanicStatus);
    for (;;) asm volatile("cli; hlt");
}

}  // namespace eft::kernel::arch
