// Core: the state of one processor core. Everything in the kernel reaches it through a reference.
#pragma once

#include <object/irq.h>
#include <schedule/scheduler.h>

namespace eft::kernel {

struct Core {
    Thread* current = nullptr;
    SchedContext* charged = nullptr;  // whose budget the time since `charged_since` is taken from
    u64 charged_since = 0;
    u64 deadline = 0;  // when the timer fires; 0: it is not armed
    Scheduler scheduler;
    Object* dying = nullptr;  // objects whose last capability went (derivation.h)
    Capability ancestor;      // parent of the capabilities that exist from the start
    IrqTable irqs;
    u64 objects = 0;  // live objects that have memory of their own
};

}  // namespace eft::kernel
