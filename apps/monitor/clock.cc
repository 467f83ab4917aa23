#include "monitor/clock.h"

#include <eft/session.h>

#include <bit>

namespace eft::monitor {

// NoDevice: the machine has no timer that somebody drives.
Status Clock::connect() {
    if (connected_) return {};
    if (!wake_) {
        EFT_TRY(wake_, loop_.add(*this));
    }
    if (!client_) {
        Result<CapHandle> session = eft::connect("timer");
        if (!session.ok()) return session.error() == Error::NotFound ? Error::NoDevice : session.error();
        client_.emplace(std::move(*session));
        client_->on_reopen(*this);
    }
    EFT_CHECK(reopen(*client_));
    connected_ = true;
    return {};
}

Status Clock::reopen(ipc::Client<ipc::DetourTransport>&) {
    timer::Attach request;
    request.wake = wake_;
    if (auto attached = client_->attach(request); !attached.ok()) return attached.error();
    for (u32 timer = 0; timer < kTimers; ++timer)
        if (sleepers_[timer]) EFT_CHECK(arm(timer));
    return {};
}

Task<Result<u64>> Clock::now() {
    Turns::Turn turn(turns_);
    co_await turn.come();
    const auto ask = [this]() -> Result<u64> {
        EFT_CHECK(connect());
        EFT_TRY(const timer::Time time, client_->now());
        return time.now_ns;
    };
    Result<u64> time = co_await calls_.run(ask);
    co_return time;
}

Status Clock::arm(u32 timer) {
    timer::Arm request;
    request.timer = timer;
    request.deadline_ns = sleepers_[timer]->deadline;
    return client_->arm(request).error();
}

Task<Status> Clock::sleep(u64 nanoseconds) {
    EFT_CO_TRY(u64 start, co_await now());
    u32 timer = 0;
    while (timer < kTimers && sleepers_[timer]) ++timer;
    if (timer == kTimers) co_return Error::Busy;
    Sleeper sleeper(*this, timer, start + nanoseconds);
    {
        Turns::Turn turn(turns_);
        co_await turn.come();
        // Not if it has ended before its turn came, because the service is held.
        if (sleepers_[timer] == &sleeper) EFT_CO_CHECK(co_await calls_.run([this, timer] { return arm(timer); }));
        sleeper.armed = true;
    }
    Status expired = co_await sleeper.ended;
    co_return expired;
}

void Clock::disarm(u32 timer) {
    timer::Timer seen;
    seen.timer = timer;
    static_cast<void>(client_->disarm(seen));
}

void Clock::on_wake() {
    signalled_ = true;
    if (!std::exchange(taking_, true)) start_detached(take_expired());
}

Task<void> Clock::take_expired() {
    while (std::exchange(signalled_, false)) {
        Turns::Turn turn(turns_);
        co_await turn.come();
        const Result<u64> expired = co_await calls_.run([this] { return ask_expired(); });
        if (expired.error() == Error::ServiceHeld) end_all(Error::ServiceHeld);
        for (u64 timers = expired.value_or(0); timers != 0; timers &= timers - 1) {
            Sleeper*& place = sleepers_[static_cast<u32>(std::countr_zero(timers))];
            if (place && place->armed) std::exchange(place, nullptr)->ended.set(Status());
        }
    }
    taking_ = false;
}

// What is told is forgotten there. One that nobody sleeps for any more is among them.
Result<u64> Clock::ask_expired() {
    EFT_TRY(const timer::Expired expired, client_->expired());
    u64 timers = expired.timers & ((u64{1} << kTimers) - 1);
    for (u32 timer = 0; timer < kTimers; ++timer)
        if (timers >> timer & 1) disarm(timer);
    return timers;
}

void Clock::end_all(Error error) {
    for (Sleeper*& each : sleepers_)
        if (Sleeper* sleeper = std::exchange(each, nullptr)) sleeper->ended.set(error);
}

}  // namespace eft::monitor
