// Exact conversion between counter ticks and nanoseconds.
//
// A tick is `period` femtoseconds and a nanosecond is 10^6 of them. Each direction splits its
// argument so that no product leaves 64 bits, and loses nothing but the last fraction: time is
// rounded down, a deadline is rounded up. So a deadline never comes early:
//     to_nanoseconds(to_ticks(t)) >= t        and both functions are monotonic.
#pragma once

#include <drivers/hpet/registers.h>

namespace eft::hpet {

class Ticks {
public:
    static constexpr u64 kFemtosecondsPerNanosecond = 1'000'000;

    // `period` as in the capability register: 1 to kLongestPeriod.
    explicit constexpr Ticks(u32 period) : period_(period) {}

    // 2^64 ns are 584 years; later than that it stays there.
    constexpr u64 to_nanoseconds(u64 ticks) const {
        const u64 whole = ticks / kFemtosecondsPerNanosecond;  // each worth `period` nanoseconds
        const u64 rest = ticks % kFemtosecondsPerNanosecond;
        const u64 fraction = rest * period_ / kFemtosecondsPerNanosecond;  // below 10^6 * 10^8
        if (whole > (~0ull - fraction) / period_) return ~0ull;
        return whole * period_ + fraction;
    }

    // A deadline beyond what the counter can count is the counter's last tick.
    constexpr u64 to_ticks(u64 nanoseconds) const {
        const u64 whole = nanoseconds / period_;  // each worth 10^6 ticks
        const u64 rest = nanoseconds % period_;
        const u64 fraction = (rest * kFemtosecondsPerNanosecond + period_ - 1) / period_;
        if (whole > (~0ull - fraction) / kFemtosecondsPerNanosecond) return ~0ull;
        return whole * kFemtosecondsPerNanosecond + fraction;
    }

private:
    u64 period_;
};

}  // namespace eft::hpet
