#include <object/notification.h>

#include <object/endpoint.h>
#include <schedule/core.h>

namespace eft::kernel {

bool Notification::deliver(Thread& thread) {
    if (bits_ == 0) return false;
    thread.set_result(Error::None, Badge(bits_), Tag(Tag::Notification));
    bits_ = 0;
    return true;
}

void Notification::signal(Core& core, u64 bits) {
    bits_ |= bits;
    if (bits_ == 0) return;
    if (Thread* waiter = waiters_.head()) {
        leave(*waiter);
        deliver(*waiter);
        core.scheduler.wake(*waiter);
    } else if (bound_ && bound_->state == ThreadState::Receiving) {
        static_cast<Endpoint*>(bound_->blocked_on)->leave(*bound_);
        deliver(*bound_);
        core.scheduler.wake(*bound_);
    }
}

Error Notification::wait(Thread& thread, bool poll) {
    if (deliver(thread)) return Error::None;
    if (poll) return Error::WouldBlock;
    thread.state = ThreadState::Waiting;
    thread.blocked_on = this;
    waiters_.push_back(thread);
    return Error::None;
}

void Notification::leave(Thread& thread) {
    waiters_.remove(thread);
    thread.blocked_on = nullptr;
}

void Notification::destroy(Core& core) {
    while (Thread* waiter = waiters_.head()) {
        leave(*waiter);
        core.scheduler.end_wait(*waiter, Error::InvalidCapability);
    }
}

}  // namespace eft::kernel
