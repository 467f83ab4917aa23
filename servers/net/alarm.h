// The next time at which the server has something to do by itself.
#pragma once

#include <eft/cap.h>
#include <eft/idl/timer.h>
#include <eft/ipc/client.h>
#include <eft/ipc/kernel_transport.h>

#include <optional>

namespace eft::net {

class Alarm {
public:
    // `wake` is signalled, and stays the caller's. Without a timer the server's heartbeats are its clock.
    Status connect(const CapHandle& wake);
    // To be signalled in so many milliseconds, if it is not sooner.
    void arm(u32 milliseconds);
    void was_signalled() { is_armed_ = false; }

    // For the stub: the timer's server has forgotten the session.
    Status reopen(ipc::Client<ipc::KernelTransport>&);

private:
    const CapHandle* wake_ = nullptr;
    std::optional<timer::TimerServiceClient<>> client_;
    bool is_armed_ = false;
    u32 at_ms_ = 0;
};

}  // namespace eft::net
