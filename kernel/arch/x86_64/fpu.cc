// Floating point and SSE registers, switched lazily: CR0.TS is clear exactly while the thread runs whose
// state they hold. Everybody else who touches them gets a device-not-available exception (Intel SDM 3A,
// 13.4), and with it the registers, after their owner's were saved. Threads that never do pay nothing.
#include "fpu.h"

#include "local.h"

namespace eft::kernel::arch {
namespace {

constexpr u16 kInitialControlWord = 0x37f;  // as FNINIT leaves it
constexpr u32 kInitialMxcsr = 0x1f80;       // after power-up; Intel SDM 1, 10.2.3

constinit Thread* owner = nullptr;

void set_task_switched() {
    u64 cr0;
    asm volatile("mov %%cr0, %0\n\tor $8, %0\n\tmov %0, %%cr0" : "=&r"(cr0));
}
void clear_task_switched() { asm volatile("clts"); }

}  // namespace

void take_fpu(Thread& thread) {
    clear_task_switched();
    if (owner == &thread) return;
    if (owner) {
        asm volatile("fxsave64 %0" : "=m"(owner->fpu));
        owner->note(Thread::OwnsFpu, false);
    }
    if (!thread.fpu.used) {
        thread.fpu = FpuState{};
        thread.fpu.control_word = kInitialControlWord;
        thread.fpu.mxcsr = kInitialMxcsr;
        thread.fpu.used = true;
    }
    asm volatile("fxrstor64 %0" : : "m"(thread.fpu));
    owner = &thread;
    thread.note(Thread::OwnsFpu, true);
}

void switch_fpu(Thread* previous, Thread* next) {
    if (previous && previous == owner) set_task_switched();
    if (next && next == owner) clear_task_switched();
}

void drop_fpu(Thread& thread) {
    thread.fpu.used = false;
    if (owner != &thread) return;
    thread.note(Thread::OwnsFpu, false);
    owner = nullptr;
    set_task_switched();
}

}  // namespace eft::kernel::arch
