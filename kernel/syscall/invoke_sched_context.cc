// Invocations of SchedContext.
#include <object/derivation.h>
#include <schedule/budget.h>
#include <syscall/invoke.h>

#include <arch/timer.h>

namespace eft::kernel {
namespace {

constexpr u64 kLongestPeriod = u64{1} << 48;  // ticks; sums of times never overflow

Error configure(InvocationContext& context, SchedContext& share) {
    const u64 budget = context.argument[0];
    const u64 period = context.argument[1];
    const u64 ceiling = context.argument[2];
    if (budget > period || period > kLongestPeriod || (budget == 0) != (period == 0)) return Error::InvalidArgument;
    if (ceiling >= kPriorities || (share.owner && share.owner->priority > ceiling)) return Error::InvalidArgument;
    settle(context.core);
    share.configure(budget, period, static_cast<u8>(ceiling), arch::now());
    context.core.scheduler.unpark(arch::now());
    return Error::None;
}

Error set_handler(InvocationContext& context, SchedContext& share) {
    Capability* endpoint = nullptr;
    if (context.argument[0] != 0) {
        EFT_TRY(endpoint, context.find(context.argument[0], ObjectType::Endpoint));
        if (!endpoint->may(EndpointRight::Send)) return Error::MissingRight;
    }
    if (!share.handler.empty()) delete_capability(context.core, share.handler);
    if (endpoint) derive_capability(*endpoint, share.handler, kAllRights, endpoint->data);
    return Error::None;
}

}  // namespace

Error invoke_sched_context(InvocationContext& context, Invocation operation) {
    SchedContext& share = context.cap.as<SchedContext>();
    const bool inspects = operation == Invocation::SchedInspect;
    if (!context.cap.may(ControlRight::Control) && !(inspects && context.cap.may(ControlRight::Inspect))) return Error::MissingRight;
    switch (operation) {
        case Invocation::SchedConfigure: return configure(context, share);
        case Invocation::SchedHandler: return set_handler(context, share);
        case Invocation::SchedInspect:
            settle(context.core);
            context.answer(share.consumed(), share.left(), share.budget(), share.period());
            return Error::None;
        default: return Error::InvalidOperation;
    }
}

}  // namespace eft::kernel
