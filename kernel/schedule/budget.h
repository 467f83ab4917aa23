// Who runs, and on whose time: the choice of the next thread, the accounts of SchedContexts, the timer.
//
// Time is read only where the context that is charged changes, or the timer fires. A call and its
// answer stay within one context, so they cost nothing here.
#pragma once

#include <schedule/core.h>

namespace eft::kernel {

// The next thread to run, which has budget, or null; it is `core.current` afterwards. Threads that
// were chosen but have no budget stop, and their handlers are told. While nobody can run, what is dying is reaped.
Thread* choose_next(Core& core);
// The same where, as mostly, there is one candidate and nothing speaks against it.
[[gnu::always_inline]] inline Thread* next_thread(Core& core) {
    Thread* next = core.scheduler.only_candidate(core.current);
    const bool settled = next && core.scheduler.may_run_next(*next) && (core.deadline != 0 || !core.scheduler.anyone_ready()) &&
                         next->charged == core.charged && !core.charged->limited();
    if (!settled) return choose_next(core);
    core.scheduler.take_candidate();
    return core.current = next;
}
// Makes sure that the timer fires, in a slice from now at the latest.
void arm_slice(Core& core);
// The timer fired: the accounts are settled, threads with new budget are ready, `core.current` lets
// others of its priority run.
void end_slice(Core& core);
// The time that the charged context has used until now is taken from it.
void settle(Core& core);

}  // namespace eft::kernel
