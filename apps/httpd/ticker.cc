#include "httpd/ticker.h"

#include <eft/session.h>

namespace eft::httpd {

Status Ticker::connect() {
    EFT_TRY(CapHandle session, eft::connect("timer"));
    client_.emplace(std::move(session));
    client_->on_reopen(*this);
    EFT_TRY(wake_, loop_.add(*this));
    return reopen(*client_);
}

Status Ticker::reopen(ipc::Client<ipc::KernelTransport>&) {
    timer::Attach request;
    request.wake = wake_;
    if (const auto attached = client_->attach(request); !attached.ok()) return attached.error();
    return is_armed_ ? arm() : Status();
}

void Ticker::start() {
    if (client_ && !is_armed_) is_armed_ = arm().ok();
}

Status Ticker::arm() {
    constexpr u64 kPeriod = 1'000'000'000 / kTicksPerSecond;
    EFT_TRY(const timer::Time time, client_->now());
    timer::Arm request;
    request.timer = kTimer;
    request.deadline_ns = time.now_ns + kPeriod;
    return client_->arm(request).error();
}

void Ticker::on_wake() {
    if (!is_armed_) return;
    const auto expired = client_->expired();
    if (expired.ok() && (expired->timers >> kTimer & 1) == 0) return;
    is_armed_ = false;
    if (ticking_.on_tick()) start();
}

}  // namespace eft::httpd
