// Invocations: `call` on a capability that is not an endpoint. The answer is in the thread's
// registers (and message page) at once.
#pragma once

#include <object/cap_table.h>
#include <schedule/core.h>
#include <syscall/arguments.h>

#include <span>
#include <utility>

namespace eft::kernel {

// What an invocation works on beside its arguments.
struct InvocationContext {
    Core& core;
    Thread& thread;
    Capability& cap;  // the invoked one
    bool answered = false;

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

// A handler takes what is invoked, as an object or as the capability to one, and its arguments, if it has any.
template <class Invoked>
[[gnu::always_inline]] inline Invoked invoked_as(Capability& cap) {
    if constexpr (std::is_reference_v<Invoked>) {
        return cap.as<std::remove_reference_t<Invoked>>();
    } else {
        return Invoked(cap);
    }
}
template <class Handler>
struct Decoder;
template <class Invoked>
struct Decoder<Error (*)(InvocationContext&, Invoked)> {
    static constexpr u32 kWords = 0;
    template <auto kHandler>
    static Error run(InvocationContext& context) { return kHandler(context, invoked_as<Invoked>(context.cap)); }
};
template <class Invoked, class Arguments>
struct Decoder<Error (*)(InvocationContext&, Invoked, const Arguments&)> {
    static constexpr u32 kWords = sizeof(Arguments) / sizeof(u64);
    template <auto kHandler>
    static Error run(InvocationContext& context) {
        const Arguments arguments = [&]<unsigned... kIndex>(std::integer_sequence<unsigned, kIndex...>) {
            return Arguments{context.thread.registers.word(kIndex)...};
        }(std::make_integer_sequence<unsigned, kWords>());
        return kHandler(context, invoked_as<Invoked>(context.cap), arguments);
    }
};

// One row per invocation of a type, in the order of their numbers.
struct Operation {
    Error (*run)(InvocationContext&);
    u32 words;             // that its arguments take
    ControlRights rights;  // one of these is needed; none: the handler looks itself
};
template <auto kHandler>
constexpr Operation operation(ControlRights rights) {
    using Kind = Decoder<decltype(kHandler)>;
    return {Kind::template run<kHandler>, Kind::kWords, rights};
}
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
