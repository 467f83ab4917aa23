// Floating point state: see fpu.cc. arch/fpu.h is what the kernel's objects know of it.
#pragma once

#include <object/thread.h>

namespace eft::kernel::arch {

constexpr u64 kTaskSwitched = 8;         // CR0.TS
constexpr u32 kInitialMxcsr = 0x1f80;    // Intel SDM 1, 10.2.3

inline void clear_task_switched() { asm volatile("clts"); }

struct FpuControl {
    Thread* loaded = nullptr;
    u32 components = 0;  // of XCR0: what is saved and loaded
    bool has_xsaveopt = false;
    u64 control = 0;     // CR0 with TS
    FpuState initial{};  // says that no component is in use; MXCSR is loaded in any case

    // `next` runs from now on.
    [[gnu::always_inline]] void change_to(Thread& next) {
        if (&next == loaded) return;
        if (loaded) save(loaded->fpu);
        if (next.attention & Thread::LiveFpu) {
            if (!loaded) clear_task_switched();
            load(next.fpu);
            loaded = &next;
        } else if (loaded) {
            load_initial();
        }
    }
    [[gnu::always_inline]] void load_initial() {
        load(initial);
        asm volatile("mov %0, %%cr0" : : "r"(control));
        loaded = nullptr;
    }

private:
    [[gnu::always_inline]] void save(FpuState& state) const {
        if (has_xsaveopt) [[likely]] {
            asm volatile("xsaveopt64 %0" : "+m"(state) : "a"(components), "d"(0));
        } else {
            asm volatile("xsave64 %0" : "+m"(state) : "a"(components), "d"(0));
        }
    }
    [[gnu::always_inline]] void load(const FpuState& state) const {
        asm volatile("xrstor64 %0" : : "m"(state), "a"(components), "d"(0));
    }
};
extern FpuControl fpu;

// Once, at the start: which registers programs may use.
void start_fpu();
// `thread`, which runs, has used these registers for the first time: from now on it has a state in them.
[[gnu::noipa]] void begin_fpu(Thread& thread);
// `next` runs from now on. Nothing to do unless it, or who ran before, has Thread::LiveFpu.
[[gnu::noipa, gnu::cold]] void switch_fpu(Thread& next);

}  // namespace eft::kernel::arch
