#include <syscall/invoke.h>

#include <object/cap_table.h>

namespace eft::kernel {

Capability* InvocationContext::slot(u64 index) {
    if (thread.table.empty()) return nullptr;
    return thread.table.as<CapTable>().lookup(index);
}

Result<Capability*> InvocationContext::find(u64 index, ObjectType type) {
    Capability* found = slot(index);
    if (!found || !found->is(type)) return Error::InvalidCapability;
    return found;
}

namespace {

Error route(InvocationContext& context, Invocation operation) {
    switch (context.cap.type()) {
        case ObjectType::Untyped: return invoke_untyped(context, operation);
        case ObjectType::CapTable: return invoke_cap_table(context, operation);
        case ObjectType::Thread: return invoke_thread(context, operation);
        case ObjectType::AddressSpace: return invoke_address_space(context, operation);
        case ObjectType::Frame: return invoke_frame(context, operation);
        case ObjectType::Irq: return invoke_irq(context, operation);
        case ObjectType::IoPorts: return invoke_io_ports(context, operation);
        case ObjectType::SchedContext: return invoke_sched_context(context, operation);
        default: return Error::InvalidCapability;
    }
}

}  // namespace

Error invoke(Core& core, Thread& thread, Capability& cap) {
    const Tag tag = thread.registers.tag();
    if (!tag.valid() || tag.caps() != 0) return Error::InvalidArgument;
    InvocationContext context{core, thread, cap, {}};
    for (unsigned i = 0; i < kRegisterWords && i < tag.words(); ++i) context.argument[i] = thread.registers.word(i);
    if (Error error = route(context, static_cast<Invocation>(tag.label())); error != Error::None) return error;
    // The thread may have stopped or moved itself: its registers still take the answer.
    thread.registers.set_result(Error::None, Badge::None, Tag(0, context.results + context.page_results));
    for (unsigned i = 0; i < context.results; ++i) thread.registers.set_word(i, context.result[i]);
    return Error::None;
}

}  // namespace eft::kernel
