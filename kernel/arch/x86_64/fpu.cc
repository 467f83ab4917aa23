// Floating point and vector registers, switched eagerly (Intel SDM 1, chapter 13; 3A, 13.4).
//
// A thread gets a state when it first touches them: until then, CR0.TS makes that an exception. From then on it is
// saved and loaded with each switch. Who runs with TS set finds the registers' initial values behind it, never those
// of another thread: some processors compute with registers before they raise the exception, and what they held
// can be found in the cache afterwards (CVE-2018-3665). So:
//
//   user code runs, or the kernel      `loaded`        CR0.TS   the registers hold
//   a thread with LiveFpu              this thread     clear    its state
//   a thread without                   null            set      the initial state
//   the kernel idles                   who ran last with LiveFpu, or null: as above, until somebody runs
//
// XSAVEOPT stores only what has changed since it was loaded from the same place, so nothing else may be loaded in between.
// That holds: a state is loaded where its thread begins to run, and another one, if only the initial state, where it ends.
#include "fpu.h"

#include <cpuid.h>

namespace eft::kernel::arch {

constinit FpuControl fpu{};

namespace {

constexpr u32 kX87 = 1, kSse = 2, kAvx = 4;  // components (Intel SDM 1, 13.1)
constexpr u32 kCpuidAvx = 1u << 28;          // leaf 1, ECX
constexpr u32 kCpuidXsaveopt = 1;            // leaf 13, subleaf 1, EAX

}  // namespace

void start_fpu() {
    u32 a, b, c, d;
    __cpuid(1, a, b, c, d);
    fpu.components = kX87 | kSse | (c & kCpuidAvx ? kAvx : 0);
    __cpuid_count(13, 1, a, b, c, d);
    fpu.has_xsaveopt = a & kCpuidXsaveopt;
    fpu.initial.mxcsr = kInitialMxcsr;
    asm volatile("mov %%cr0, %0" : "=r"(fpu.control));
    fpu.control |= kTaskSwitched;
    asm volatile("xsetbv" : : "c"(0), "a"(fpu.components), "d"(0));
    clear_task_switched();
    fpu.load_initial();
}

void begin_fpu(Thread& thread) {
    clear_task_switched();
    for (u64& word : thread.fpu.header) word = 0;
    thread.note(Thread::LiveFpu, true);
    fpu.loaded = &thread;
}

void switch_fpu(Thread& next) { fpu.change_to(next); }

void drop_fpu(Thread& thread) {
    thread.note(Thread::LiveFpu, false);
    if (&thread == fpu.loaded) fpu.load_initial();
}

}  // namespace eft::kernel::arch
