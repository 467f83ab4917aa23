// Time and sleeping, over the timer service, with which it connects at the first use. Several tasks may sleep at once.
#pragma once

#include "monitor/calls.h"
#include "monitor/turns.h"

#include <eft/wake_loop.h>

#include <eft/idl/timer.h>

#include <array>
#include <optional>

namespace eft::monitor {

class Clock final : private WakeSource {
public:
    Clock(WakeLoop& loop, Calls& calls) : loop_(loop), calls_(calls) {}

    // Nanoseconds since the machine started.
    Task<Result<u64>> now();
    // Busy: too many sleep already. ServiceHeld: the timer's service was held or stopped meanwhile.
    Task<Status> sleep(u64 nanoseconds);

    // For the stub: the service has forgotten this session and its timers; those who sleep are armed again.
    Status reopen(ipc::Client<ipc::DetourTransport>&);

private:
    static constexpr u32 kTimers = 16;
    struct Sleeper {
        Sleeper(Clock& of, u32 number, u64 until) : clock(of), timer(number), deadline(until) { clock.sleepers_[timer] = this; }
        Sleeper(const Sleeper&) = delete;
        ~Sleeper() {
            if (clock.sleepers_[timer] == this) clock.sleepers_[timer] = nullptr;  // it was cancelled
        }
        Clock& clock;
        u32 timer;
        u64 deadline;
        bool armed = false;  // before, what expires is the timer of somebody who was cancelled
        Completion<Status> ended;
    };

    void on_wake() override;
    bool prepare_to_sleep() override { return true; }
    Status connect();
    Status arm(u32 timer);
    void disarm(u32 timer);
    // Asks the service which timers have expired, as often as it has signalled.
    Task<void> take_expired();
    Result<u64> ask_expired();
    void end_all(Error error);

    WakeLoop& loop_;
    Calls& calls_;
    Turns turns_;
    CapHandle wake_;
    std::optional<timer::TimerServiceClient<ipc::DetourTransport>> client_;
    bool connected_ = false, signalled_ = false, taking_ = false;
    std::array<Sleeper*, kTimers> sleepers_{};
};

}  // namespace eft::monitor
