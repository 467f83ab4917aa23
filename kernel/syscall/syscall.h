// The entry of every system call, interrupt and fault, independent of the machine: the arch layer
// saves the registers of `core.current`, calls one of these, and runs the thread that it returns
// (null: nobody can run, wait for an interrupt).
#pragma once

#include <object/fault.h>
#include <schedule/core.h>

namespace eft::kernel {

// `thread` is `core.current`.
Thread* handle_system_call(Core& core, Thread& thread);
// Its plain Call on a capability that names no endpoint; it may be empty.
Thread* handle_invocation(Core& core, Thread& thread, Capability& cap);
Thread* handle_page_fault(Core& core, const FaultCause& cause);
Thread* handle_exception(Core& core, const FaultCause& cause);
Thread* handle_interrupt(Core& core, u32 number);
Thread* handle_time_slice(Core& core);

}  // namespace eft::kernel
