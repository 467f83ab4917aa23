// Time and sleeping, over the timer service. Several tasks may sleep at once.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/wake_loop.h>

#include <eft/idl/timer.h>

#include <array>
#include <optional>

namespace eft::monitor {

class Clock final : private WakeSource {
public:
    explicit Clock(WakeLoop& loop) : loop_(loop) {}

    Status connect(std::string_view service);
    // Nanoseconds since the machine started.
    Result<u64> now();
    // Busy: too many sleep already. ServiceHeld: the timer's service was held or stopped meanwhile.
    Task<Status> sleep(u64 nanoseconds);

    // For the stub: the service has forgotten this session and its timers; those who sleep are armed again.
    Status reopen(ipc::Client<ipc::KernelTransport>&);

private:
    static constexpr u32 kTimers = 16;
    struct Sleeper {
        Sleeper(Clock& of, u32 number, u64 until) : clock(of), timer(number), deadline(until) { clock.sleepers_[timer] = this; }
        Sleeper(const Sleeper&) = delete;
        ~Sleeper() {
            if (clock.sleepers_[timer] == this) clock.disarm(timer);  // it was cancelled
        }
        Clock& clock;
        u32 timer;
        u64 deadline;
        Completion<Status> ended;
    };

    void on_wake() override;
    bool prepare_to_sleep() override { return true; }
    Status arm(u32 timer);
    void disarm(u32 timer);
    void end_all(Error error);

    WakeLoop& loop_;
    CapHandle wake_;
    std::optional<timer::TimerServiceClient<>> client_;
    std::array<Sleeper*, kTimers> sleepers_{};
};

}  // namespace eft::monitor
