#include <object/notification.h>

#include <object/endpoint.h>
#include <object/waiters.h>
#include <schedule/core.h>

namespace eft::kernel {

bool Notification::deliver(Thread& thread) {
    if (bits_ == 0) return false;
    thread.set_result(Error::None, Badge(bits_), Tag(Tag::Notification));
    bits_ = 0;
    if (bound_) bound_->note(Thread::SignalPending, false);
    return true;
}

void Notification::signal(Core& core, u64 bits) {
    if ((bits_ | bits) == 0 || signal_quietly(bits)) return;
    Thread& woken = *wakes();
    end_wait(woken, bits);
    core.scheduler.switch_to(woken);
}

void Notification::end_wait(Thread& woken, u64 bits) {
    bits_ |= bits;
    if (woken.state == ThreadState::Receiving) {
        woken.via->as<Endpoint>().leave(woken);
    } else {
        leave(woken);
    }
    deliver(woken);
}

Error Notification::wait(Thread& thread, NotificationCap via, bool poll) {
    if (deliver(thread)) return Error::None;
    if (poll) return Error::WouldBlock;
    thread.let_go_of_lent();
    thread.state = ThreadState::Waiting;
    thread.via = &via.slot();
    ++via->waiters;
    waiters_.push_back(thread);
    return Error::None;
}

void Notification::leave(Thread& thread) {
    --thread.via->payload<ObjectType::Notification>().waiters;
    hand_.pass(thread);
    waiters_.remove(thread);
}

bool Notification::cancel(Core& core, NotificationCap via) {
    u64 none = 0;  // nobody waits without being counted
    return end_waits_through(core, waiters_, hand_, {via, via->waiters, none});
}

bool Notification::can_rename(NotificationCap from) const { return from->waiters == 0 || is_short(waiters_); }

void Notification::rename(NotificationCap from, Capability& to) {
    if (from->waiters != 0) rename_waiters(waiters_, from, to);
}

}  // namespace eft::kernel
