// Real time from the time-stamp counter, measured against root's tick.
//
// A tick that is late makes one distance too long and the next too short, and ticks that come while rs does not run melt
// into one. So the rate is the shortest time that kSpan ticks in a row ever took: melting only makes them longer, and
// lateness matters little over the span. The first tick may have waited for as long as rs started, and is no measure.
// Until kSpan ticks have come, those that have must do.
#pragma once

#include <eft/abi/types.h>

#include <algorithm>
#include <array>

namespace eft::supervisor {

class Clock {
public:
    static constexpr u64 kTickMicroseconds = 50'000;
    static constexpr unsigned kSpan = 8;

    void tick(u64 stamp) {
        if (!started_) {
            started_ = true;
            return;
        }
        const u64 span = std::min<u64>(count_, kSpan);
        if (span != 0) {
            const u64 distance = stamp - stamps_[(count_ - span) % kSpan];
            shortest_ = span == span_ ? std::min(shortest_, distance) : distance;
            span_ = span;
        }
        stamps_[count_++ % kSpan] = stamp;
    }

    // Of a distance of stamps; 0 during the first ticks, while nothing is known of the rate.
    u64 microseconds(u64 distance) const {
        if (span_ == 0 || shortest_ == 0) return 0;
        return static_cast<u64>(static_cast<unsigned __int128>(distance) * span_ * kTickMicroseconds / shortest_);
    }

private:
    std::array<u64, kSpan> stamps_{};
    u64 count_ = 0;     // of stamps
    u64 span_ = 0;      // of ticks, that took
    u64 shortest_ = 0;
    bool started_ = false;
};

}  // namespace eft::supervisor
