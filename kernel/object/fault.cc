#include <object/fault.h>

#include <object/endpoint.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

void raise(Core& core, Thread& thread, u32 label, const FaultCause& cause) {
    thread.fault.label = label;
    thread.fault.words[0] = cause.address;
    thread.fault.words[1] = thread.registers.instruction_pointer();
    thread.fault.words[2] = u64{cause.vector} << 32 | cause.code;
    thread.fault.words[3] = thread.registers.stack_pointer();
    thread.state = ThreadState::Suspended;
    deliver_fault(core, thread);
}

}  // namespace

void raise_page_fault(Core& core, Thread& thread, const FaultCause& cause) {
    raise(core, thread, kPageFaultLabel, cause);
}

void raise_exception(Core& core, Thread& thread, const FaultCause& cause) {
    raise(core, thread, kExceptionLabel, cause);
}

void deliver_fault(Core& core, Thread& thread) {
    Capability& handler = thread.fault.label == kPageFaultLabel ? thread.pager : thread.exception_handler;
    if (handler.empty()) {
        if (thread.fault.label == kPageFaultLabel) return escalate_page_fault(core, thread);
        return core.scheduler.suspend_faulted(thread);
    }
    if (handler.as<Endpoint>().send(core, thread, handler, true, Wait::Block) != Error::None) {
        core.scheduler.suspend_faulted(thread);
    }
}

void escalate_page_fault(Core& core, Thread& thread) {
    thread.fault.label = kExceptionLabel;
    deliver_fault(core, thread);
}

}  // namespace eft::kernel
