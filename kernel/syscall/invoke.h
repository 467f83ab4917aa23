// Invocations: `call` on a capability that is not an endpoint. The answer is in the thread's
// registers (and message page) at once.
#pragma once

#include <object/cap_table.h>
#include <schedule/core.h>

#include <span>

namespace eft::kernel {

// What an invocation works on: the invoked capability, and the arguments in the thread's registers.
struct InvocationContext {
    Core& core;
    Thread& thread;
    Capability& cap;
    unsigned words;  // of the message
    bool answered = false;

    u64 argument(unsigned i) const { return i < words ? thread.registers.word(i) : 0; }
    // The results; the last thing that a handler does. So many words more stand in the message page.
    void answer(u64 a, u64 b = 0, u64 c = 0, u64 d = 0, unsigned more = 0);
    // The invocation stops, to go on from these arguments when the thread runs next.
    Error pause(u64 a, u64 b) {
        thread.registers.set_arguments(Tag(thread.registers.tag().label(), 2), a, b);
        return kPaused;
    }
    // A slot of the invoker's table, by number; null if there is no such slot.
    [[gnu::always_inline]] Capability* slot(u64 index) { return thread.table.empty() ? nullptr : thread.table.as<CapTable>().lookup(index); }
    // The same for a capability of this type that exists.
    template <ObjectType kType>
    [[gnu::always_inline]] Result<CapRef<kType>> find(u64 index) {
        Capability* found = slot(index);
        if (!found || !found->is(kType) || found->going()) return Error::InvalidCapability;
        return CapRef<kType>(*found);
    }
};

using Handler = Error (*)(InvocationContext&);

// A handler that wants the invoked object, too.
template <class T, Error (*kHandler)(InvocationContext&, T&)>
Error on(InvocationContext& context) {
    return kHandler(context, context.cap.as<T>());
}

// One row per invocation of a type, in the order of their numbers.
struct Operation {
    Handler handler;
    ControlRights rights;  // one of these is needed; none: the handler looks itself
};
constexpr ControlRights kControl = ControlRight::Control;
constexpr ControlRights kInspect = ControlRight::Control | ControlRight::Inspect;
constexpr ControlRights kLooksItself;

extern const std::span<const Operation> kUntypedOperations, kCapTableOperations;           // invoke_tables.cc
extern const std::span<const Operation> kThreadOperations;                                 // invoke_thread.cc
extern const std::span<const Operation> kAddressSpaceOperations, kFrameOperations;         // invoke_memory.cc
extern const std::span<const Operation> kIrqOperations, kIoPortsOperations;                // invoke_devices.cc
extern const std::span<const Operation> kSchedContextOperations;                           // invoke_sched_context.cc

Error invoke(Core& core, Thread& thread, Capability& cap);

}  // namespace eft::kernel
