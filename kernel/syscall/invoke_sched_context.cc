// Invocations of SchedContext.
#include <object/derivation.h>
#include <object/waiters.h>
#include <schedule/budget.h>
#include <syscall/invoke.h>

#include <arch/timer.h>

namespace eft::kernel {
namespace {

constexpr u64 kLongestPeriod = u64{1} << 48;  // ticks; sums of times never overflow

Error configure(InvocationContext& context, SchedContext& share, const BudgetArguments& arguments) {
    const auto [budget, period, ceiling] = arguments;
    if (budget > period || period > kLongestPeriod || (budget == 0) != (period == 0)) return Error::InvalidArgument;
    if (ceiling >= kPriorities || (share.owner && share.owner->priority > ceiling)) return Error::InvalidArgument;
    settle(context.core);
    share.configure(budget, period, static_cast<u8>(ceiling), arch::now());
    if (share.owner && share.owner->state == ThreadState::Exhausted) context.core.scheduler.unpark(*share.owner);
    context.core.scheduler.unsettle();
    return Error::None;
}

Error set_handler(InvocationContext& context, SchedContext& share, const SlotArguments& arguments) {
    Capability* endpoint = nullptr;
    if (arguments.slot != 0) {
        EFT_TRY(const EndpointCap found, context.find<ObjectType::Endpoint>(arguments.slot));
        if (!found.may(EndpointRight::Send)) return Error::MissingRight;
        endpoint = &found.slot();
    }
    if (share.handler.is_relied_upon()) refuse(context.core, *share.owner);  // nobody else can
    if (!share.handler.empty()) delete_capability(context.core, share.handler);
    if (endpoint) derive_capability(*endpoint, share.handler, kAllRights);
    return Error::None;
}

Error inspect(InvocationContext& context, SchedContext& share) {
    settle(context.core);
    context.answer(share.consumed(), share.left(), share.budget(), share.period());
    return Error::None;
}

constexpr Operation kSchedContext[] = {
    operation<configure>(kControl), operation<set_handler>(kControl), operation<inspect>(kInspect),
};

}  // namespace

constinit const std::span<const Operation> kSchedContextOperations{kSchedContext};

}  // namespace eft::kernel
