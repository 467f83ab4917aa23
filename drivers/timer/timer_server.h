// The service TimerService over a clock with one alarm.
//
// Deadlines lie in the state region; the wheel that finds the earliest is rebuilt from them at the start. A timer that
// expired stays so until its client arms or disarms it, and every incarnation signals the clients: so nobody waits for a
// signal that died with its sender.
//
// An expiry is a transaction of its own: between marking and signalling a death only delays.
#pragma once

#include <drivers/timer/alarm_clock.h>
#include <drivers/timer/wheel.h>

#include <eft/idl/timer.h>
#include <eft/state/stateful_server.h>

namespace eft::timer {

constexpr u32 kSessions = 24;
constexpr u32 kTimersOfSession = 64;
constexpr u32 kLayoutVersion = 2;

struct TimerState {
    ClockState clock;  // changed by the clock itself, outside of transactions
    u64 deadlines[kSessions][kTimersOfSession] = {};  // of the timers that the session has armed
};

class Server : public StatefulServer<TimerService, TimerState, kSessions> {
public:
    // Starts the clock over what is known of it. It is started once, before the first request, and panics if it cannot.
    using Start = AlarmClock& (*)(ClockState&);

    Server(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, Start& start)
        : StatefulServer(memory, layout_version, slots), start_(start) {}

    void resume();

    Result<Time> now(ipc::Context&, Session&, const eft::Empty&);
    Status arm(ipc::Context&, Session& session, const timer::Arm& request);
    Status disarm(ipc::Context&, Session& session, const timer::Timer& request);
    Result<Expired> expired(ipc::Context&, Session& session, const eft::Empty&);
    void closed(Session& session);

    // No timer has been due for long, if the alarm has ever come.
    bool works() const;
    // The alarm, or nothing: all that is due is marked and its clients are told; then the alarm is set to the next.
    void woken(u64 bits);

private:
    static u16 number(u32 place, u32 timer) { return static_cast<u16>(place * kTimersOfSession + timer); }
    Status expire();
    Status set_alarm();

    Start start_;
    AlarmClock* clock_ = nullptr;
    bool has_alarms_ = false;
    TimerWheel<kSessions * kTimersOfSession> wheel_;
};

}  // namespace eft::timer
