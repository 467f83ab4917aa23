#include <schedule/budget.h>

#include <object/derivation.h>
#include <object/fault.h>

#include <arch/timer.h>

namespace eft::kernel {
namespace {

// In a slice at the latest: until then whoever runs takes turns with others of its priority, however far ahead the deadline is.
[[gnu::noinline]] void arm(Core& core, u64 deadline, u64 now) {
    if (core.deadline != 0 && core.deadline <= deadline) return;
    const u64 slice = now + arch::ticks_per_slice();
    if (deadline > slice) deadline = slice;
    core.deadline = deadline;
    arch::arm_timer(deadline > now ? deadline - now : 1);
}

// What pauses goes on when the timer fires, which is at once.
[[gnu::noinline]] void arm_at_once(Core& core) {
    const u64 now = arch::now();
    arm(core, now, now);
}

// `thread` has been chosen but the context that it is charged to is used up. False: it cannot run now.
bool find_budget(Core& core, Thread& thread, u64 now) {
    thread.charged->drop_holder();  // a lent one: it goes on with its own
    SchedContext& own = *thread.charged;
    if (own.has_budget(now)) return true;
    if (!own.handler.empty() && !own.reported) {
        own.reported = true;
        raise_exhaustion(core, thread);
    } else {
        core.scheduler.park(thread);
        arm(core, own.next_refill(), now);
    }
    return false;
}

// Nobody can run. Who could, now that something died, is chosen; unless a search paused, which goes on first.
[[gnu::noinline]] Thread* use_idle_time(Core& core) {
    if (!core.kernel.dying || core.scheduler.anyone_ready()) return nullptr;
    return reap_dying(core) || core.scheduler.anyone_waits_to_run() ? choose_next(core) : nullptr;
}

// The first of `next` and those after it who has budget; the timer will end it. If it pauses, nobody runs before the
// interrupts that wait are handled: the next choice goes on.
[[gnu::noinline]] Thread* find_next_with_budget(Core& core, Thread* next, u64 now) {
    constexpr int kSearchWork = 400;  // instructions
    while (next && !next->charged->has_budget(now) && !find_budget(core, *next, now)) {
        next = core.scheduler.choose(nullptr);
        if (!next || !core.must_pause(kSearchWork)) continue;
        core.scheduler.interrupt(*next);
        arm_at_once(core);
        return nullptr;
    }
    if (next && next->charged->limited()) arm(core, next->charged->end_of_budget(now), now);
    return next;
}

// Who has budget again is ready, and the timer will fire when the next one has.
void look_for_budget(Core& core, u64 now) {
    constexpr int kLookWork = 80;  // instructions
    while (core.scheduler.look_at_next(now)) {
        if (core.must_pause(kLookWork)) return arm_at_once(core);
    }
    if (core.scheduler.next_refill() != ~u64{0}) arm(core, core.scheduler.next_refill(), now);
}

}  // namespace

void settle(Core& core) {
    const u64 now = arch::now();
    if (core.charged) core.charged->consume(now - core.charged_since);
    core.charged_since = now;
}

[[gnu::noinline]] void arm_slice(Core& core) {
    if (core.deadline != 0) return;
    arm(core, ~u64{0}, arch::now());
}

Thread* choose_next(Core& core) {
    Thread* next = core.scheduler.choose(core.current);
    if (next ? next->charged != core.charged || next->charged->limited() : core.charged != nullptr) {
        settle(core);
        if (next && next->charged->limited()) [[unlikely]] next = find_next_with_budget(core, next, core.charged_since);
        core.charged = next ? next->charged : nullptr;
    }
    if (core.deadline == 0 && core.scheduler.anyone_ready()) [[unlikely]] arm_slice(core);
    core.current = next;
    if (!next) [[unlikely]] return use_idle_time(core);
    return next;
}

void end_slice(Core& core) {
    const u64 due = core.deadline;
    core.deadline = 0;
    settle(core);
    const u64 now = core.charged_since;
    if (due != 0 && now > due + core.latest_timer) core.latest_timer = now - due;
    const bool goes_on = core.scheduler.in_round();
    if (now >= core.scheduler.next_refill()) core.scheduler.begin_round();
    look_for_budget(core, now);
    if (core.current && !goes_on) core.scheduler.yield(*core.current);
}

}  // namespace eft::kernel
