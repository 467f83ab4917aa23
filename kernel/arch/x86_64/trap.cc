// From the entry code to the kernel proper, and back to the thread that runs next.
#include <arch/debug.h>
#include <arch/interrupts.h>
#include <syscall/fast_path.h>
#include <syscall/syscall.h>

#include "apic.h"
#include "cpu.h"
#include "descriptors.h"
#include "local.h"
#include "panic.h"

#include <object/address_space.h>

extern "C" [[noreturn]] void idle();

namespace eft::kernel::arch {

constinit CoreLocal core_local{};

namespace {

constexpr u32 kPageFaultVector = 14, kFirstExternal = 32;

void activate(const Thread& thread) {
    const PhysAddr root = thread.space.as<AddressSpace>().root();
    if (core_local.active_root != root) {
        core_local.active_root = root;
        write_root(root);
    }
}

void start_time_slice() {
    core_local.slice_armed = true;
    arm_time_slice();
}

// Everything that differs between two threads beside what entry.S restores.
[[gnu::always_inline]] inline UserRegisters* resume(Core& core, Thread& next) {
    UserRegisters& registers = next.registers;
    core_local.frame_top = reinterpret_cast<u64>(&registers.fs_base);
    set_frame_top(core_local.frame_top);
    write_msr(Msr::KernelGsBase, registers.message_page);
    write_fs_base(registers.fs_base);
    activate(next);
    if (!core_local.slice_armed && core.scheduler.has_rival(next)) [[unlikely]] start_time_slice();
    return &registers;
}

UserRegisters* switch_threads(Core& core, Thread* previous, Thread* next) {
    if (!next) idle();
    if (next != previous) return resume(core, *next);
    if (!core_local.slice_armed && core.scheduler.has_rival(*next)) start_time_slice();
    return &next->registers;
}

Thread* external_interrupt(Core& core, u32 vector) {
    Thread* next;
    if (vector == kSliceVector) {
        core_local.slice_armed = false;
        next = handle_time_slice(core);
    } else if (vector >= kFirstIrqVector && vector < kFirstIrqVector + kIrqs) {
        next = handle_interrupt(core, vector - kFirstIrqVector);
    } else {
        return core.current;  // spurious: not to be acknowledged (Intel SDM 3A, 10.9)
    }
    acknowledge_interrupt();
    return next;
}

extern "C" UserRegisters* enter_system_call(Core& core) {
    Thread& thread = *core.current;
    thread.registers.fs_base = read_fs_base();
    if (Thread* next = fast_path(core, thread)) [[likely]] return resume(core, *next);
    return switch_threads(core, &thread, handle_system_call(core));
}

extern "C" UserRegisters* enter_trap(Core& core, UserRegisters& registers) {
    Thread* previous = core.current;
    previous->registers.fs_base = read_fs_base();
    const auto vector = static_cast<u32>(registers.vector);
    const auto code = static_cast<u32>(registers.error_code);
    Thread* next = vector >= kFirstExternal       ? external_interrupt(core, vector)
                   : vector == kPageFaultVector ? handle_page_fault(core, {vector, code, read_fault_address()})
                                                : handle_exception(core, {vector, code, 0});
    return switch_threads(core, previous, next);
}

// Interrupts come from kernel mode only while it idles; whatever else comes is a broken invariant.
extern "C" UserRegisters* kernel_trap(Core& core, UserRegisters& registers) {
    if (registers.vector < kFirstExternal || core.current) panic("exception in the kernel", &registers);
    return switch_threads(core, nullptr, external_interrupt(core, static_cast<u32>(registers.vector)));
}

}  // namespace

UserRegisters* start_first_thread(Core& core) { return switch_threads(core, nullptr, core.current = core.scheduler.choose(nullptr)); }

void flush_page(PhysAddr root, u64 address) {
    if (core_local.active_root == root) flush_address(address);
}

void flush_all(PhysAddr root) {
    if (core_local.active_root == root) write_root(root);
}

}  // namespace eft::kernel::arch
