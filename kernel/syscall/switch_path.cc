// The short ways of a signal that wakes somebody more important, and of a thread that begins to wait while others are
// ready: the next thread is known without the scheduler's weighing. Budgets, timers that are not armed, and whatever else
// is rare are left to the general path.
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/budget.h>
#include <syscall/fast_path.h>

namespace eft::kernel {
namespace {

constexpr u32 kSpecial = Thread::kCannotRun | Thread::LiveFpu;

// Nobody's budget is counted, and the timer runs for those who are ready.
bool is_plain(const Core& core, const SchedContext* next) {
    return core.deadline != 0 && next && !next->limited() && !core.charged->limited();
}

Thread* run(Core& core, Thread& next) {
    if (next.charged != core.charged) {
        settle(core);
        core.charged = next.charged;
    }
    return core.current = &next;
}

bool begins_to_wait(Thread& thread, Capability& cap) {
    if (cap.is(ObjectType::Notification)) {
        const NotificationCap from(cap);
        return from.may(NotificationRight::Wait) && !from.object().pending();
    }
    if (!cap.is(ObjectType::Endpoint)) return false;
    const EndpointCap from(cap);
    return from.may(EndpointRight::Receive) && thread.attention == 0 && has_free_reply(thread) && !from.object().has_sender();
}

}  // namespace

Thread* signal_and_switch(Core& core, Thread& thread, Capability& cap) {
    if (!cap.is(ObjectType::Notification)) return nullptr;
    const NotificationCap to(cap);
    if (!to.may(NotificationRight::Signal) || to->badge == Badge::None) return nullptr;
    Notification& notification = to.object();
    Thread* woken = notification.wakes();
    if (!woken || woken->priority <= thread.priority) return nullptr;
    if (((woken->attention | thread.attention) & kSpecial) != 0 || !is_plain(core, woken->own_context())) return nullptr;

    notification.end_wait(*woken, raw(to->badge));
    woken->charged = woken->own_context();
    woken->state = ThreadState::Ready;
    thread.finish(Error::None);
    core.scheduler.interrupt(thread);
    return run(core, *woken);
}

Thread* wait_and_switch(Core& core, Thread& thread, Capability& cap) {
    if (!begins_to_wait(thread, cap) || (thread.attention & kSpecial) != 0 || !core.scheduler.anyone_ready()) return nullptr;
    Thread& next = core.scheduler.first_ready();
    if ((next.attention & kSpecial) != 0 || !is_plain(core, next.charged)) return nullptr;

    thread.let_go_of_lent();
    if (cap.is(ObjectType::Notification)) {
        cap.as<Notification>().wait(thread, NotificationCap(cap), false);
    } else {
        cap.as<Endpoint>().await_message(thread, EndpointCap(cap));
    }
    core.scheduler.take_first_ready();
    return run(core, next);
}

}  // namespace eft::kernel
