#include <eft/wake_loop.h>

#include <eft/wake.h>

namespace eft {

Result<CapHandle> WakeLoop::add(WakeSource& source) {
    for (unsigned i = 0; i < kMaxSources; ++i) {
        if (sources_[i]) continue;
        EFT_TRY(CapHandle wake, make_wake(u64{1} << i));
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
    bool idle = true;
    for (unsigned i = 0; i < kMaxSources; ++i) {
        if (!sources_[i] || sources_[i]->prepare_to_sleep()) continue;
        sources_[i]->on_wake();
        idle = false;
    }
    const u64 woken = idle && yielded_.empty() ? wait_for_wake() : poll_wake();
    for (unsigned i = 0; i < kMaxSources; ++i)
        if (sources_[i] && (woken >> i & 1)) sources_[i]->on_wake();
    yielded_.wake_all({});
}

Task<void> WakeLoop::yield() {
    Waiter turn(yielded_);
    [[maybe_unused]] Status now = co_await turn.woken;
}

}  // namespace eft
