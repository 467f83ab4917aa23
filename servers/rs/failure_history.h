// The restart policy of one service: how long it waits after a failure, and when it is held.
//
// Time is counted in ticks of root (20 Hz): what a policy says in milliseconds is rounded up. The first failure after a
// stable time costs no wait; each further one doubles the wait up to the cap. More failures than the limit within the
// window, and the service is held. What a person ordered is no failure and never comes here.
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
};

class FailureHistory {
public:
    static constexpr unsigned kMaxLimit = 15;

    // A failure at `now` of an incarnation that was up for `up_ticks`. The wait before the next start; none: hold it.
    std::optional<u64> failed(const RestartLimits& limits, u64 now, u64 up_ticks) {
        if (up_ticks >= limits.stable) in_a_row_ = 0;
        times_[total_++ % times_.size()] = now;
        unsigned recent = 0;
        for (u64 i = 0; i < std::min<u64>(total_, times_.size()); ++i) recent += now - times_[i] < limits.window;
        if (recent > limits.limit) return std::nullopt;
        return wait(limits, in_a_row_++);
    }

    // A person starts it anew: what was is forgiven.
    void forgive() { *this = {}; }

private:
    static u64 wait(const RestartLimits& limits, unsigned in_a_row) {
        if (in_a_row == 0) return 0;
        const unsigned doublings = std::min(in_a_row - 1, 20u);
        return std::min(limits.initial << doublings, limits.cap);
    }

    std::array<u64, kMaxLimit + 1> times_{};
    u64 total_ = 0;
    unsigned in_a_row_ = 0;
};

}  // namespace eft::supervisor
