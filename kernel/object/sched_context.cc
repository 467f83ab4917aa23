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

void SchedContext::return_from(Reply& through) {
    bool lent = false;
    for (Reply* at = reply; at && !lent; at = at->outer) lent = at == &through;
    if (!lent) return;
    drop_holder();
    // The callers further in go on without it.
    for (; reply != &through; reply = reply->outer) reply->caller()->charged = reply->caller()->own_context();
    reply = through.outer;
    holder = through.caller();
}

void SchedContext::recall() {
    drop_holder();
    for (; reply; reply = reply->outer) reply->caller()->charged = reply->caller()->own_context();
    holder = nullptr;
}

void SchedContext::destroy(Core& core) {
    if (!handler.empty()) delete_capability(core, handler);
    if (core.charged == this) core.charged = nullptr;
}

}  // namespace eft::kernel
