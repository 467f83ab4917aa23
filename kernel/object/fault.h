// Page faults, exceptions and exhausted budgets as messages that the kernel sends for the thread.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

struct FaultCause {
    u32 vector;
    u32 code;
    u64 address;  // page faults
};

// The running thread caused a fault: it blocks until its handler answers. Without handler it stops.
void raise_page_fault(Core& core, Thread& thread, const FaultCause& cause);
void raise_exception(Core& core, Thread& thread, const FaultCause& cause);
// It is about to run but has no budget, and its context has a handler.
void raise_exhaustion(Core& core, Thread& thread);

// Sends the fault that the (suspended) thread holds, again or for the first time.
void deliver_fault(Core& core, Thread& thread);
// Nobody is there to take it: a page fault becomes an exception, a thread with an exception stays as it is,
// to be inspected, and one without budget waits for more.
void abandon_fault(Core& core, Thread& thread);
// The page-fault handler refused or is gone: the exception handler decides.
void escalate_page_fault(Core& core, Thread& thread);

}  // namespace eft::kernel
