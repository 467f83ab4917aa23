#include <object/notification.h>

#include <object/endpoint.h>
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
    bits_ |= bits;
    if (bits_ == 0) return;
    if (Thread* waiter = waiters_.head()) {
        leave(*waiter);
        deliver(*waiter);
        core.scheduler.switch_to(*waiter);
    } else if (bound_ && bound_->state == ThreadState::Receiving) {
        bound_->via->as<Endpoint>().leave(*bound_);
        deliver(*bound_);
        core.scheduler.switch_to(*bound_);
    } else if (bound_) {
        bound_->note(Thread::SignalPending, true);
    }
}

Error Notification::wait(Thread& thread, bool poll) {
    if (deliver(thread)) return Error::None;
    if (poll) return Error::WouldBlock;
    thread.let_go_of_lent();
    thread.state = ThreadState::Waiting;
    thread.signal = this;
    waiters_.push_back(thread);
    return Error::None;
}

void Notification::leave(Thread& thread) {
    waiters_.remove(thread);
}

void Notification::destroy(Core& core) {
    while (Thread* waiter = waiters_.head()) {
        leave(*waiter);
        core.scheduler.end_wait(*waiter, Error::InvalidCapability);
    }
}

}  // namespace eft::kernel
