// A tick each quarter of a second, over the timer service, as long as somebody wants it.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/wake_loop.h>

#include <eft/idl/timer.h>

#include <optional>

namespace eft::httpd {

constexpr u64 kTicksPerSecond = 4;

class Ticking {
public:
    // True: there is to be another one.
    virtual bool on_tick() = 0;

protected:
    ~Ticking() = default;
};

class Ticker final : private WakeSource {
public:
    Ticker(WakeLoop& loop, Ticking& ticking) : loop_(loop), ticking_(ticking) {}
    Ticker(const Ticker&) = delete;
    ~Ticker() { loop_.remove(*this); }

    Status connect();
    // The next tick comes. If the service was held, this is what begins again.
    void start();

    // For the stub: the service has forgotten this session.
    Status reopen(ipc::Client<ipc::KernelTransport>&);

private:
    static constexpr u32 kTimer = 0;

    void on_wake() override;
    bool prepare_to_sleep() override { return true; }
    Status arm();

    WakeLoop& loop_;
    Ticking& ticking_;
    CapHandle wake_;
    std::optional<timer::TimerServiceClient<>> client_;
    bool is_armed_ = false;
};

}  // namespace eft::httpd
