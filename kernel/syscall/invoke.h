// Invocations: `call` on a capability that is not an endpoint. The answer is in the thread's
// registers (and message page) at once.
#pragma once

#include <schedule/core.h>

namespace eft::kernel {

// What an invocation works on: the invoked capability, the arguments, the results.
struct InvocationContext {
    Core& core;
    Thread& thread;
    Capability& cap;
    u64 argument[kRegisterWords];  // absent words are zero

    u64 result[kRegisterWords] = {};
    unsigned results = 0;
    unsigned page_results = 0;  // words 4.. that the handler wrote to the message page

    void answer(u64 a, u64 b = 0, u64 c = 0, u64 d = 0) {
        result[0] = a, result[1] = b, result[2] = c, result[3] = d;
        results = kRegisterWords;
    }
    // A slot of the invoker's table, by number; null if there is no such slot.
    Capability* slot(u64 index);
    // The same for a capability of this type that exists.
    Result<Capability*> find(u64 index, ObjectType type);
};

Error invoke(Core& core, Thread& thread, Capability& cap);

Error invoke_untyped(InvocationContext& context, Invocation operation);
Error invoke_cap_table(InvocationContext& context, Invocation operation);
Error invoke_thread(InvocationContext& context, Invocation operation);
Error invoke_address_space(InvocationContext& context, Invocation operation);
Error invoke_frame(InvocationContext& context, Invocation operation);
Error invoke_irq(InvocationContext& context, Invocation operation);
Error invoke_io_ports(InvocationContext& context, Invocation operation);
Error invoke_sched_context(InvocationContext& context, Invocation operation);

}  // namespace eft::kernel
