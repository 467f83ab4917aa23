// Core: the state of one processor core, and the way to what all of them share. Everything in the kernel reaches it
// through a reference.
#pragma once

#include <object/kernel.h>
#include <schedule/scheduler.h>

#include <arch/preemption.h>

namespace eft::kernel {

// What an operation returns that stopped half-way because an interrupt waits. User space never sees it:
// the system call is made again when its thread runs next.
constexpr Error kPaused = static_cast<Error>(~0u);

struct Core {
    explicit constexpr Core(Kernel& all) : kernel(all) {}

    Thread* current = nullptr;
    SchedContext* charged = nullptr;  // whose budget the time since `charged_since` is taken from
    u64 charged_since = 0;
    u64 deadline = 0;  // when the timer fires; 0: it is not armed
    Scheduler scheduler;
    Kernel& kernel;
    bool died = false;        // objects did, in this entry: its thread goes on when they are reaped
    int work_left = 0;        // until the next look for interrupts
    bool hurried = false;     // long operations pause at the next look in any case
    u64 latest_timer = 0;     // how late the timer's handler was entered at most, in ticks

    // Objects died: whoever runs next, what they need is looked to before (leave_kernel).
    void note_death() {
        died = true;
        scheduler.unsettle();
    }
    // The same of those that died before the operation paused.
    void note_dying() {
        if (!died && kernel.dying) [[unlikely]] note_death();
    }

    // Long operations ask after each piece of work, of so many instructions at most. If it is true they
    // stop, with everything consistent and no pointer kept, and go on when they are called again.
    bool must_pause(int instructions) {
        work_left -= instructions;
        if (work_left > 0) return false;
        work_left = arch::kWorkPerLook;
        return hurried || arch::interrupt_pending();
    }
};

}  // namespace eft::kernel
