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
    void record(const RestartLimits& limits, u64 now, u64 up_ticks, u32 client = kNobody);
    // Whether the client is to be kept away from the service, after a failure of its own.
    bool must_expel(const RestartLimits& limits, u64 now, u32 client) const;
    // It is kept away: its failures no longer count against the service.
    void attribute_to(u32 client);
    // The wait before the next start; none: hold it.
    std::optional<u64> verdict(const RestartLimits& limits, u64 now) const;
    // A person starts it: its history does not count any more.
    void reset() { *this = {}; }

private:
    struct Failure {
        u64 time = 0;
        u32 client = kNobody;
        bool attributed = false;
    };

    template <class Predicate>
    unsigned count_recent(const RestartLimits& limits, u64 now, Predicate predicate) const;

    std::array<Failure, 2 * (kMaxLimit + 1)> failures_{};
    u64 total_ = 0;
    unsigned in_a_row_ = 0;
};

}  // namespace eft::supervisor
