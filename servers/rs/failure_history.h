// The restart policy of one service: how long it waits after a failure, when it is held, and when failures are
// attributed to a client.
//
// Time is counted in ticks of root (20 Hz): what a policy says in milliseconds is rounded up. The first failure after a
// stable time costs no wait; each further one doubles the wait up to the cap. More failures than the limit within the
// window, and the service is held. What a person ordered is no failure and never comes here.
//
// A failure with a client's request in progress counts for that client, too. Once a client reaches the session limit, all
// of its failures are attributed to it: they no longer count against the service, and stay with the client for the rest
// of the window.
#pragma once

#include <eft/abi/types.h>

#include <algorithm>
#include <array>
#include <optional>

namespace eft::supervisor {

constexpr u64 kTickMilliseconds = 50;
constexpr u64 ticks(u64 milliseconds) { return (milliseconds + kTickMilliseconds - 1) / kTickMilliseconds; }

struct RestartLimits {
    u64 initial;  // ticks
    u64 cap;
    u64 stable;
    unsigned limit;  // at most FailureHistory::kMaxLimit
    u64 window;
    unsigned session_limit;
};

class FailureHistory {
public:
    static constexpr unsigned kMaxLimit = 15;
    // A number for whoever's request was in progress.
    static constexpr u32 kNobody = ~u32{0};

    // A failure at `now` of an incarnation that was up for `up_ticks`.
    void record(const RestartLimits& limits, u64 now, u64 up_ticks, u32 client = kNobody) {
        if (up_ticks >= limits.stable) in_a_row_ = 0;
        ++in_a_row_;
        failures_[total_++ % failures_.size()] = {now, client, false};
    }

    // Whether the client is to be kept away from the service, after a failure of its own.
    bool must_expel(const RestartLimits& limits, u64 now, u32 client) const {
        if (client == kNobody) return false;
        unsigned recent = 0;
        for_each_recent(limits, now, [&](const Failure& failure) { recent += failure.client == client; });
        return recent > std::min(limits.session_limit, limits.limit);
    }

    // It is kept away: what it did is no mark against the service.
    void attribute_to(u32 client) {
        for (Failure& failure : failures_) {
            if (failure.client != client || failure.attributed) continue;
            failure.attributed = true;
            if (in_a_row_ > 0) --in_a_row_;
        }
    }

    // The wait before the next start; none: hold it.
    std::optional<u64> verdict(const RestartLimits& limits, u64 now) const {
        unsigned recent = 0;
        for_each_recent(limits, now, [&](const Failure& failure) { recent += !failure.attributed; });
        if (recent > limits.limit) return std::nullopt;
        if (in_a_row_ <= 1) return 0;
        const unsigned doublings = std::min(in_a_row_ - 2, 20u);
        return std::min(limits.initial << doublings, limits.cap);
    }

    // A person starts it: its history does not count any more.
    void reset() { *this = {}; }

private:
    struct Failure {
        u64 time = 0;
        u32 client = kNobody;
        bool attributed = false;
    };

    template <class Visit>
    void for_each_recent(const RestartLimits& limits, u64 now, Visit visit) const {
        for (u64 i = 0; i < std::min<u64>(total_, failures_.size()); ++i) {
            if (now - failures_[i].time < limits.window) visit(failures_[i]);
        }
    }

    std::array<Failure, 2 * (kMaxLimit + 1)> failures_{};
    u64 total_ = 0;
    unsigned in_a_row_ = 0;
};

}  // namespace eft::supervisor
