// From the entry code to the kernel proper, and back to the thread that runs next.
#include <arch/debug.h>
#include <arch/interrupts.h>
#include <schedule/budget.h>
#include <syscall/fast_path.h>
#include <syscall/syscall.h>

#include "apic.h"
#include "cpu.h"
#include "entry.h"
#include "fpu.h"
#include "panic.h"

namespace eft::kernel::arch {

extern "C" [[gnu::noinline]] void enter_switch(u64 slot, u64 tag, Thread& thread, u64 number);

constinit Kernel all_cores{};  // tests/system/pages looks at it by its name
constinit CoreLocal core_local{0, PhysAddr(), Core(all_cores)};

namespace {

constexpr u32 kNoDeviceVector = 7, kPageFaultVector = 14, kFirstExternal = 32;

// Apart, so that the common way needs no stack.
[[gnu::noipa]] void load_with_fpu(Thread& next) {
    switch_fpu(next);
    load_thread(next);
    resume_user(next.registers);
}

void go_on(Thread& previous, Thread* next) {
    if (next != &previous) {
        previous.registers.fs_base = read_fs_base();
        if (!next) idle();
        if ((previous.attention | next->attention) & Thread::LiveFpu) [[unlikely]] return load_with_fpu(*next);
        load_thread(*next);
    }
    resume_user(next->registers);
}

Thread* external_interrupt(Core& core, u32 vector) {
    Thread* next;
    if (vector == kSliceVector) {
        next = handle_time_slice(core);
    } else if (vector >= kFirstIrqVector && vector < kFirstIrqVector + kIrqs) {
        next = handle_interrupt(core, vector - kFirstIrqVector);
    } else {
        return core.current;  // spurious: not to be acknowledged (Intel SDM 3A, 10.9)
    }
    acknowledge_interrupt();
    return next;
}

}  // namespace

extern "C" void enter_system_call(u64 slot, u64 tag, u64, u64 number) {
    Thread& thread = *core_local.core.current;
    if (finished_at_once(core_local.core, thread, slot, number)) return finish_at_once(slot, tag, thread);
    enter_switch(slot, tag, thread, number);
}

// Apart, so that what is finished at once needs no stack.
extern "C" void enter_switch(u64 slot, u64 tag, Thread& thread, u64 number) {
    if (Thread* next = switch_at_once(core_local.core, thread, slot, number)) {
        switch_threads(thread, *next);
        return resume_user(next->registers);
    }
    general_system_call(slot, tag, thread, number);
}

extern "C" void handle_general_call(u64, u64, Thread& thread) {
    Thread* next = handle_system_call(core_local.core, thread);
    if (next == &thread) return resume_same(thread.registers);
    go_on(thread, next);
}

extern "C" void handle_general_invocation(u64, u64, Thread& thread, Capability& cap) {
    Thread* next = handle_invocation(core_local.core, thread, cap);
    if (next == &thread) [[likely]] return resume_same(thread.registers);
    go_on(thread, next);
}

extern "C" void enter_trap(Thread& thread, u32 vector) {
    Core& core = core_local.core;
    const auto code = static_cast<u32>(thread.registers.error_code);
    if (vector == kNoDeviceVector) {
        begin_fpu(thread);
        return resume_user(thread.registers);
    }
    Thread* next = vector >= kFirstExternal     ? external_interrupt(core, vector)
                   : vector == kPageFaultVector ? handle_page_fault(core, {vector, code, read_fault_address()})
                                                : handle_exception(core, {vector, code, 0});
    go_on(thread, next);
}

// Interrupts come from kernel mode only while it idles; whatever else comes is a broken invariant.
extern "C" void kernel_trap(UserRegisters& registers) {
    Core& core = core_local.core;
    if (registers.vector < kFirstExternal || core.current) panic("exception in the kernel", &registers);
    Thread* next = external_interrupt(core, static_cast<u32>(registers.vector));
    if (!next) idle();
    load_with_fpu(*next);
}

UserRegisters* start_first_thread(Core& core) {
    Thread& first = *choose_next(core);
    load_thread(first);
    return &first.registers;
}

void flush_page(PhysAddr root, u64 address) {
    if (core_local.active_root == root) flush_address(address);
}

void flush_all(PhysAddr root) {
    if (core_local.active_root == root) write_root(root);
}

}  // namespace eft::kernel::arch
