// Notification: a word of bits, OR-ed on signal, taken on wait. A thread can be bound to it: then
// its receive on an endpoint takes the bits, too.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

class Notification : public Object {
public:
    static constexpr ObjectType kType = ObjectType::Notification;

    Notification() : Object(kType) {}

    void signal(Core& core, u64 bits);
    // The same, but only if that wakes nobody.
    bool signal_quietly(u64 bits) {
        if (wakes()) return false;
        if (bound_ && bits != 0) bound_->note(Thread::SignalPending, true);
        bits_ |= bits;
        return true;
    }
    // Who would run again on a signal, or null; that thread takes the bits and waits no longer.
    Thread* wakes() const {
        if (Thread* first = waiters_.head()) return first;
        return bound_ && bound_->state == ThreadState::Receiving ? bound_ : nullptr;
    }
    void end_wait(Thread& woken, u64 bits);
    // `thread` takes the bits or waits for some.
    Error wait(Thread& thread, NotificationCap via, bool poll);
    // Gives pending bits to a thread that is about to receive; false if there are none.
    bool deliver(Thread& thread);

    bool pending() const { return bits_ != 0; }
    Thread* bound() const { return bound_; }
    void bind(Thread* thread) { bound_ = thread; }
    void leave(Thread& thread);
    // These three as at an Endpoint.
    bool cancel(Core& core, NotificationCap via);
    bool can_rename(NotificationCap from) const;
    void rename(NotificationCap from, Capability& to);

private:
    u64 bits_ = 0;
    Thread* bound_ = nullptr;  // cleared when the thread's inner slot is (derivation.cc)
    ThreadQueue waiters_;
    QueueHand hand_;  // in them
};
static_assert(sizeof(Notification) <= 1u << kNotificationBits);

}  // namespace eft::kernel
