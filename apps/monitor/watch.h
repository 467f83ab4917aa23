// What happens to services, as rs tells it: a subscription, and the changes that wait in its queue.
//
// The subscription is this service's, not this incarnation's: after a death of the prompt, what happened meanwhile is
// still there. So it is never ended, and a change counts as seen when the next one is asked for.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/wake_loop.h>

#include <eft/idl/rs.h>

#include <optional>

namespace eft::monitor {

class ChangeWatch final : private WakeSource {
public:
    ChangeWatch(WakeLoop& loop, rs::RsClient<>& supervisor) : loop_(loop), supervisor_(supervisor) {}
    ChangeWatch(const ChangeWatch&) = delete;
    ~ChangeWatch() { loop_.remove(*this); }

    // Subscribes, or goes on with the subscription that there is.
    Status begin();
    // The next change that waits; nothing if there is none. Its strings are valid until this thread's next call.
    Result<std::optional<rs::ChangedEvent>> next();
    // Until there may be one.
    Task<void> rung();

private:
    void on_wake() override;
    bool prepare_to_sleep() override { return true; }

    WakeLoop& loop_;
    rs::RsClient<>& supervisor_;
    u64 seen_ = 0;
    bool signalled_ = false;
    std::optional<Completion<bool>> waiting_;
};

}  // namespace eft::monitor
