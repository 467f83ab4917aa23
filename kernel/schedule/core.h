// Core: the state of one processor core. Everything in the kernel reaches it through a reference.
#pragma once

#include <object/irq.h>
#include <schedule/scheduler.h>

#include <arch/preemption.h>

namespace eft::kernel {

// What an operation returns that stopped half-way because an interrupt waits. User space never sees it:
// the system call is made again when its thread runs next.
constexpr Error kPaused = static_cast<Error>(~0u);

struct Core {
    Thread* current = nullptr;
    SchedContext* charged = nullptr;  // whose budget the time since `charged_since` is taken from
    u64 charged_since = 0;
    u64 deadline = 0;  // when the timer fires; 0: it is not armed
    Scheduler scheduler;
    Object* dying = nullptr;  // objects whose last capability went, in that order (derivation.h)
    Object* last_dying = nullptr;
    bool died = false;        // in this entry: its thread goes on when they are reaped
    int work_left = 0;        // until the next look for interrupts
    bool hurried = false;     // long operations pause at the next look in any case
    u64 latest_timer = 0;     // how late the timer's handler was entered at most, in ticks
    Capability ancestor;      // parent of the capabilities that exist from the start
    IrqTable irqs;
    u64 objects = 0;  // live objects that have memory of their own

    // The same of those that died before the operation paused.
    void note_dying() { died = dying != nullptr; }

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
