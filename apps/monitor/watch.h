// Subscriptions: what wakes them, and that to rs, which says what happens to services.
#pragma once

#include "monitor/supervisor.h"

#include <eft/wake_loop.h>

#include <optional>

namespace eft::monitor {

// What a server rings when it has something to tell. One coroutine waits for it.
class Bell final : private WakeSource {
public:
    explicit Bell(WakeLoop& loop) : loop_(loop) {}
    Bell(const Bell&) = delete;
    ~Bell() { loop_.remove(*this); }

    // LimitReached: too many are in use.
    Status connect();
    // For the server, after connect().
    const CapHandle& wake() const { return wake_; }
    void ring();
    // Until it has been rung since the last time. It goes on from within whoever rings.
    Task<void> rung();

private:
    void on_wake() override { ring(); }
    bool prepare_to_sleep() override { return true; }

    WakeLoop& loop_;
    CapHandle wake_;
    bool signalled_ = false;
    std::optional<Completion<bool>> waiting_;
};

// What happens to services: the changes that wait in rs' queue. The subscription is this service's, not this
// incarnation's: after a death of the prompt, what happened meanwhile is still there. So it is never ended, and a change
// counts as seen when the next one is asked for.
class ChangeWatch {
public:
    ChangeWatch(WakeLoop& loop, Supervisor& supervisor) : bell_(loop), supervisor_(supervisor) {}

    // Subscribes, or goes on with the subscription that there is.
    Status begin();
    // The next change that waits; nothing if there is none. Its strings are valid until this thread's next call.
    Result<std::optional<rs::ChangedEvent>> next();
    // Until there may be one.
    Task<void> rung() { return bell_.rung(); }

private:
    Bell bell_;
    Supervisor& supervisor_;
    u64 seen_ = 0;
};

}  // namespace eft::monitor
