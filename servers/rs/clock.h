// Real time from the time-stamp counter, measured against root's tick.
//
// A tick that is late makes one distance too long and the next too short, and ticks that come while rs does not run melt
// into one. So the rate is the shortest time that kSpan ticks in a row ever took: melting only makes them longer, and
// lateness matters little over the span.
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
        const u64 before = stamps_[count_ % kSpan];
        if (count_ >= kSpan) shortest_ = std::min(shortest_, stamp - before);
        stamps_[count_++ % kSpan] = stamp;
    }

    // Of a distance of stamps; 0 while the rate is not known.
    u64 microseconds(u64 distance) const {
        if (shortest_ == kUnknown || shortest_ == 0) return 0;
        return static_cast<u64>(static_cast<unsigned __int128>(distance) * kSpan * kTickMicroseconds / shortest_);
    }

private:
    static constexpr u64 kUnknown = ~u64{0};
    std::array<u64, kSpan> stamps_{};
    u64 count_ = 0;
    u64 shortest_ = kUnknown;
};

}  // namespace eft::supervisor
