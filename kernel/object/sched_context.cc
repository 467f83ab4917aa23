#include <object/sched_context.h>

#include <object/derivation.h>
#include <object/reply.h>
#include <schedule/core.h>

namespace eft::kernel {

bool SchedContext::has_budget(u64 now) {
    if (!limited()) return true;
    if (now >= period_end_) {
        left_ = static_cast<std::int64_t>(budget_);
        period_end_ = now + period_;
        reported = false;
    }
    return left_ > 0;
}

void SchedContext::configure(u64 budget, u64 period, u8 ceiling, u64 now) {
    budget_ = budget;
    period_ = period;
    ceiling_ = ceiling;
    left_ = static_cast<std::int64_t>(budget);
    period_end_ = now + period;
    reported = false;
}

void SchedContext::drop_holder() {
    if (!reply || !holder) return;
    holder->charged = holder->own_context();
    holder = nullptr;
}

// It is lent through `until`, as its caller would be charged to another one otherwise.
bool SchedContext::draw_back_further(Core& core, const Reply& until) {
    constexpr int kWork = 20;  // instructions
    drop_holder();
    do {
        Thread& caller = *reply->caller();
        caller.charged = caller.own_context();
        reply = reply->outer;
    } while (reply != &until && !core.must_pause(kWork));
    return reply == &until;
}

void SchedContext::return_from(Reply& through) {
    if (!reply) return;
    arch::require(reply == &through);
    drop_holder();
    reply = through.outer;
    holder = through.caller();
}

void SchedContext::destroy(Core& core) {
    if (!handler.empty()) delete_capability(core, handler);
    if (core.charged == this) core.charged = nullptr;
}

}  // namespace eft::kernel
