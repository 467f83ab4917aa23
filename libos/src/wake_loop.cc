#include <eft/wake_loop.h>

#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {

Result<CapHandle> WakeLoop::add(WakeSource& source) {
    for (unsigned i = 0; i < kMaxSources; ++i) {
        if (sources_[i]) continue;
        EFT_TRY(CapHandle wake, copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), u64{1} << i));
        sources_[i] = &source;
        return wake;
    }
    return Error::LimitReached;
}

void WakeLoop::remove(WakeSource& source) {
    for (WakeSource*& each : sources_)
        if (each == &source) each = nullptr;
}

void WakeLoop::run_once() {
    bool idle = yielded_.empty();
    for (unsigned i = 0; i < kMaxSources; ++i) {
        if (!sources_[i] || sources_[i]->prepare_to_sleep()) continue;
        sources_[i]->on_wake();
        idle = false;
    }
    const u64 woken = wait(!idle);
    for (unsigned i = 0; i < kMaxSources; ++i)
        if (sources_[i] && (woken >> i & 1)) sources_[i]->on_wake();
    std::vector<Completion<bool>*> turn;
    turn.swap(yielded_);
    for (Completion<bool>* each : turn) each->set(true);
}

Task<void> WakeLoop::yield() {
    Completion<bool> turn;
    yielded_.push_back(&turn);
    [[maybe_unused]] bool now = co_await turn;
}

// Supervision goes on while a program waits: its heartbeats are answered here, as a server's are in its loop.
u64 WakeLoop::wait(bool poll) {
    constexpr u64 kHeartbeat = static_cast<u64>(WakeBit::Heartbeat);
    constexpr u64 kStop = static_cast<u64>(WakeBit::Stop);
    ipc::Registers registers;
    if (poll) {
        if (sys::poll_recv(slot(WellKnown::Notification), registers) != Error::None) return 0;
    } else {
        while (sys::recv(slot(WellKnown::Notification), registers) != Error::None) {
        }
    }
    if (registers.badge & kHeartbeat) persistent_head().heartbeats = persistent_head().heartbeats + 1;
    if (registers.badge & kStop) exit(0);
    return registers.badge;
}

}  // namespace eft
