#include <object/fault.h>

#include <object/endpoint.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

void raise(Core& core, Thread& thread, u32 label, const FaultCause& cause) {
    thread.begin_fault(label);
    thread.fault.words[0] = cause.address;
    thread.fault.words[1] = thread.registers.instruction_pointer();
    thread.fault.words[2] = u64{cause.vector} << 32 | cause.code;
    thread.fault.words[3] = thread.registers.stack_pointer();
    thread.state = ThreadState::Suspended;
    deliver_fault(core, thread);
}

Capability& handler_of(Thread& thread) {
    switch (thread.fault.label) {
        case kPageFaultLabel: return thread.pager;
        case kBudgetLabel: return thread.own_context()->handler;
        default: return thread.exception_handler;
    }
}

}  // namespace

void raise_page_fault(Core& core, Thread& thread, const FaultCause& cause) {
    raise(core, thread, kPageFaultLabel, cause);
}

void raise_exception(Core& core, Thread& thread, const FaultCause& cause) {
    raise(core, thread, kExceptionLabel, cause);
}

void raise_exhaustion(Core& core, Thread& thread) {
    const SchedContext& context = *thread.own_context();
    thread.begin_fault(kBudgetLabel);
    thread.fault.words[0] = to_physical(&context).value();
    thread.fault.words[1] = context.consumed();
    thread.fault.words[2] = thread.fault.words[3] = 0;
    thread.state = ThreadState::Suspended;
    deliver_fault(core, thread);
}

void deliver_fault(Core& core, Thread& thread) {
    Capability& handler = handler_of(thread);
    // One that is going must not be queued through again: its deletion would never end.
    if (handler.empty() || handler.going()) return abandon_fault(core, thread);
    handler.as<Endpoint>().send_fault(core, thread, EndpointCap(handler));
}

void abandon_fault(Core& core, Thread& thread) {
    switch (thread.fault.label) {
        case kPageFaultLabel:
            return escalate_page_fault(core, thread);
        case kBudgetLabel:
            thread.end_fault();
            return core.scheduler.wake(thread);
        default:
            return core.scheduler.suspend_faulted(thread);
    }
}

void escalate_page_fault(Core& core, Thread& thread) {
    thread.fault.label = kExceptionLabel;
    deliver_fault(core, thread);
}

}  // namespace eft::kernel
