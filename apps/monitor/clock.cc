#include "monitor/clock.h"

#include <eft/session.h>

namespace eft::monitor {

Status Clock::connect(std::string_view service) {
    EFT_TRY(CapHandle session, eft::connect(service));
    client_.emplace(std::move(session));
    client_->on_reopen(*this);
    EFT_TRY(wake_, loop_.add(*this));
    return reopen(*client_);
}

Status Clock::reopen(ipc::Client<ipc::KernelTransport>&) {
    timer::Attach request;
    request.wake = wake_;
    if (auto attached = client_->attach(request); !attached.ok()) return attached.error();
    for (u32 timer = 0; timer < kTimers; ++timer)
        if (sleepers_[timer]) EFT_CHECK(arm(timer));
    return {};
}

Result<u64> Clock::now() {
    if (!client_) return Error::NoDevice;
    auto time = client_->now();
    if (!time.ok()) return time.error();
    return time->now_ns;
}

Status Clock::arm(u32 timer) {
    timer::Arm request;
    request.timer = timer;
    request.deadline_ns = sleepers_[timer]->deadline;
    return client_->arm(request).error();
}

Task<Status> Clock::sleep(u64 nanoseconds) {
    EFT_CO_TRY(u64 start, now());
    u32 timer = 0;
    while (timer < kTimers && sleepers_[timer]) ++timer;
    if (timer == kTimers) co_return Error::Busy;
    Sleeper sleeper(*this, timer, start + nanoseconds);
    EFT_CO_CHECK(arm(timer));
    Status expired = co_await sleeper.ended;
    co_return expired;
}

void Clock::disarm(u32 timer) {
    sleepers_[timer] = nullptr;
    timer::Timer seen;
    seen.timer = timer;
    static_cast<void>(client_->disarm(seen));
}

void Clock::on_wake() {
    auto expired = client_->expired();
    if (expired.error() == Error::ServiceHeld) return end_all(Error::ServiceHeld);
    if (!expired.ok()) return;
    const u64 timers = expired->timers;
    for (u32 timer = 0; timer < kTimers; ++timer) {
        if (!(timers >> timer & 1)) continue;
        Sleeper* sleeper = sleepers_[timer];
        disarm(timer);
        if (sleeper) sleeper->ended.set(Status());
    }
}

void Clock::end_all(Error error) {
    for (Sleeper*& each : sleepers_)
        if (Sleeper* sleeper = std::exchange(each, nullptr)) sleeper->ended.set(error);
}

}  // namespace eft::monitor
