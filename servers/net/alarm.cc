#include "net/alarm.h"

#include "net/port.h"

#include <eft/session.h>

namespace eft::net {

Status Alarm::connect(const CapHandle& wake) {
    wake_ = &wake;
    EFT_TRY(CapHandle session, eft::connect("timer"));
    client_.emplace(std::move(session));
    client_->on_reopen(*this);
    return reopen(*client_);
}

Status Alarm::reopen(ipc::Client<ipc::KernelTransport>&) {
    timer::Attach request;
    request.wake = *wake_;
    is_armed_ = false;
    return client_->attach(request).error();
}

void Alarm::arm(u32 milliseconds) {
    const u32 at = now_ms() + milliseconds;
    if (!client_ || (is_armed_ && static_cast<int>(at - at_ms_) >= 0)) return;
    const auto time = client_->now();
    if (!time.ok()) return;
    timer::Arm request;
    request.deadline_ns = time->now_ns + u64{milliseconds} * 1'000'000;
    if (!client_->arm(request).ok()) return;
    is_armed_ = true;
    at_ms_ = at;
}

}  // namespace eft::net
