#include <drivers/timer/timer_server.h>

#include <eft/panic.h>

#include <array>
#include <bit>

namespace eft::timer {

void Server::resume() {
    // The clock's state is no part of transactions: see alarm_clock.h.
    clock_ = &start_(const_cast<ClockState&>(shared().clock));
    for_each_session([this](Session& session) {
        for (u64 left = session->armed; left != 0; left &= left - 1) {
            const u32 timer = static_cast<u32>(std::countr_zero(left));
            wheel_.arm(number(session.place(), timer), shared().deadlines[session.place()][timer]);
        }
    });
    woken(0);
}

Result<Time> Server::now(ipc::Context&, Session&, const eft::Empty&) {
    Time time;
    time.now_ns = clock_->now();
    return time;
}

Status Server::arm(ipc::Context&, Session& session, const Arm& request) {
    if (request.timer >= kTimersOfSession) return Error::OutOfRange;
    const u64 bit = u64{1} << request.timer;
    EFT_TRY(Timers * timers, session.edit());
    EFT_TRY(u64 * deadline, edit(shared().deadlines[session.place()][request.timer]));
    const bool past = request.deadline_ns <= clock_->now();
    *deadline = request.deadline_ns;
    timers->armed = past ? timers->armed & ~bit : timers->armed | bit;
    timers->expired = past ? timers->expired | bit : timers->expired & ~bit;
    if (past) {
        wheel_.cancel(number(session.place(), request.timer));
        session.signal();
        return {};
    }
    wheel_.arm(number(session.place(), request.timer), request.deadline_ns);
    return set_alarm();
}

Status Server::disarm(ipc::Context&, Session& session, const Timer& request) {
    if (request.timer >= kTimersOfSession) return Error::OutOfRange;
    EFT_TRY(Timers * timers, session.edit());
    timers->armed &= ~(u64{1} << request.timer);
    timers->expired &= ~(u64{1} << request.timer);
    wheel_.cancel(number(session.place(), request.timer));
    return {};
}

Result<Expired> Server::expired(ipc::Context&, Session& session, const eft::Empty&) {
    Expired answer;
    answer.timers = session->expired;
    answer.now_ns = clock_->now();
    return answer;
}

void Server::closed(Session& session) {
    for (u32 timer = 0; timer < kTimersOfSession; ++timer) wheel_.cancel(number(session.place(), timer));
}

bool Server::works() const {
    constexpr u64 kLateNs = 50'000'000;
    const auto next = wheel_.next_deadline();
    if (!next || !has_alarms_) return true;
    const u64 now = clock_->now();
    return now < *next || now - *next < kLateNs;
}

void Server::woken(u64 bits) {
    has_alarms_ |= bits != 0;
    if (!expire().ok()) panic("the timer's device counts no time");
}

Status Server::expire() {
    std::array<u64, kSessions> due{};
    while (const auto timer = wheel_.take_due(clock_->now())) due[*timer / kTimersOfSession] |= u64{1} << *timer % kTimersOfSession;
    for (u32 place = 0; place < kSessions; ++place) {
        if (due[place] == 0) continue;
        Session& session = session_at(place);
        EFT_TRY(Timers * timers, session.edit());
        timers->armed &= ~due[place];
        timers->expired |= due[place];
        commit_step();
        session.signal();
    }
    return set_alarm();
}

Status Server::set_alarm() {
    if (const auto next = wheel_.next_deadline()) return clock_->set_alarm(*next);
    clock_->disarm();
    return {};
}

}  // namespace eft::timer
