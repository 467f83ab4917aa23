// Page faults and exceptions as messages that the kernel sends for the thread.
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

// Sends the fault that the (suspended) thread holds, again or for the first time.
void deliver_fault(Core& core, Thread& thread);
// The page-fault handler refused: the exception handler decides.
void escalate_page_fault(Core& core, Thread& thread);

}  // namespace eft::kernel
