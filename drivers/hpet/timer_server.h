// The service TimerService over a clock with one alarm.
//
// Deadlines lie in the state region, one session per client; the wheel that finds the earliest is rebuilt from them at
// the start. A timer that expired stays so until its client arms or disarms it, and every incarnation signals the clients
// that have such timers: so nobody waits for a signal that died with its sender.
//
// An expiry is a transaction of its own: between marking and signalling a death only delays.
#pragma once

#include <drivers/hpet/hpet.h>
#include <drivers/hpet/wheel.h>

#include <eft/idl/timer.h>
#include <eft/state/client_sessions.h>

namespace eft::hpet {

constexpr u32 kSessions = 24;
constexpr u32 kTimersOfSession = 64;
constexpr u32 kLayoutVersion = 1;

struct TimerSession {
    u64 attached = 0;  // its notification lies in the slot of its place
    u64 armed = 0;     // bit n: timer n
    u64 expired = 0;
    u64 deadlines[kTimersOfSession] = {};
};
struct TimerState {
    ClockState clock;  // changed by the clock itself, outside of transactions
    SessionTable<TimerSession, kSessions> clients;
};

template <class Slots>
class TimerServer {
public:
    using Region = StateRegion<TimerState>;
    using Clients = ClientSessions<Region, TimerSession, kSessions>;

    TimerServer(Region& region, Hpet& clock, Slots& slots)
        : region_(region), clock_(clock), slots_(slots), clients_(region, region->clients) {}

    // Before the first request.
    Status restore() {
        const auto dropped = clients_.view().restore(
            [](const TimerSession& session) { return session.attached <= 1 && (session.armed & session.expired) == 0; }, [](Badge) {});
        if (!dropped.ok()) return dropped.error();
        for (u32 place = 0; place < kSessions; ++place) {
            const TimerSession* session = clients_.at(place);
            if (!session || !session->attached) slots_.remove(place);
            if (!session) continue;
            for (u64 left = session->armed; left != 0; left &= left - 1) {
                const u32 timer = static_cast<u32>(__builtin_ctzll(left));
                wheel_.arm(number(place, timer), session->deadlines[timer]);
            }
            if (session->expired != 0) signal(place);
        }
        return expire();
    }

    TimerSession* session(Badge badge) { return clients_.session(badge); }

    Result<timer::Time> now(ipc::Context&, TimerSession&, const eft::Empty&) {
        timer::Time time;
        time.now_ns = clock_.now();
        return time;
    }

    Status attach(ipc::Context&, TimerSession& session, timer::Attach&& request) {
        const u32 place = clients_.place_of(session);
        auto transaction = region_.begin();
        EFT_TRY(TimerSession * changed, clients_.edit(place));
        EFT_CHECK(slots_.keep(place, request.expired.slot()));
        request.expired.release();
        changed->attached = 1;
        EFT_CHECK(transaction.commit_with_reply());
        if (session.expired != 0) signal(place);
        return {};
    }

    Status arm(ipc::Context&, TimerSession& session, const timer::Arm& request) {
        if (request.timer >= kTimersOfSession) return Error::OutOfRange;
        const u32 place = clients_.place_of(session);
        const u64 bit = u64{1} << request.timer;
        auto transaction = region_.begin();
        EFT_TRY(TimerSession * changed, clients_.edit(place));
        const bool past = request.deadline_ns <= clock_.now();
        changed->deadlines[request.timer] = request.deadline_ns;
        changed->armed = past ? changed->armed & ~bit : changed->armed | bit;
        changed->expired = past ? changed->expired | bit : changed->expired & ~bit;
        EFT_CHECK(transaction.commit_with_reply());
        if (past) {
            wheel_.cancel(number(place, request.timer));
            signal(place);
            return {};
        }
        wheel_.arm(number(place, request.timer), request.deadline_ns);
        return set_alarm();
    }

    Status disarm(ipc::Context&, TimerSession& session, const timer::Timer& request) {
        if (request.timer >= kTimersOfSession) return Error::OutOfRange;
        const u32 place = clients_.place_of(session);
        auto transaction = region_.begin();
        EFT_TRY(TimerSession * changed, clients_.edit(place));
        changed->armed &= ~(u64{1} << request.timer);
        changed->expired &= ~(u64{1} << request.timer);
        EFT_CHECK(transaction.commit_with_reply());
        wheel_.cancel(number(place, request.timer));
        return {};
    }

    Result<timer::Expired> expired(ipc::Context&, TimerSession& session, const eft::Empty&) {
        timer::Expired answer;
        answer.timers = session.expired;
        answer.now_ns = clock_.now();
        return answer;
    }

    // The alarm: all that is due is marked and its clients are told; then the alarm is set to the next.
    Status expire() {
        std::array<u64, kSessions> due{};
        while (const auto timer = wheel_.take_due(clock_.now())) due[*timer / kTimersOfSession] |= u64{1} << *timer % kTimersOfSession;
        for (u32 place = 0; place < kSessions; ++place) {
            if (due[place] == 0) continue;
            EFT_CHECK(clients_.change_now(place, [&](TimerSession& session) {
                session.armed &= ~due[place];
                session.expired |= due[place];
            }));
            signal(place);
        }
        return set_alarm();
    }

    template <class Names>
    void close_ended(Names& broker) {
        clients_.close_ended(broker, [this](u32 place) {
            for (u32 timer = 0; timer < kTimersOfSession; ++timer) wheel_.cancel(number(place, timer));
            static_cast<void>(clients_.close_now(place));
            slots_.remove(place);
        });
    }

    typename Clients::View& view() { return clients_.view(); }

private:
    static constexpr u16 number(u32 place, u32 timer) { return static_cast<u16>(place * kTimersOfSession + timer); }
    void signal(u32 place) {
        if (clients_.at(place)->attached) slots_.signal(place);
    }
    Status set_alarm() {
        if (const auto next = wheel_.next_deadline()) return clock_.set_alarm(*next);
        clock_.disarm();
        return {};
    }

    Region& region_;
    Hpet& clock_;
    Slots& slots_;
    Clients clients_;
    TimerWheel<kSessions * kTimersOfSession> wheel_;
};

}  // namespace eft::hpet
