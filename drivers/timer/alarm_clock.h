// A clock with one alarm, as the timer service needs it: what the drivers of different timers have in common.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <type_traits>

namespace eft::timer {

// What a clock keeps in the state region; all zero before the first start. Every step changes it by one store that counts, so
// it needs no transaction: `anchored` is stored last.
struct ClockState {
    u64 zero_ticks = 0;  // the counter's value at time zero, modulo 2^64
    u64 latest = 0;      // nanoseconds: the latest time that was told
    u64 anchored = 0;    // 1: the above are valid
};
static_assert(std::is_trivially_copyable_v<ClockState>);

class AlarmClock {
public:
    // Nanoseconds; never less than it said before, in any incarnation.
    virtual u64 now() = 0;
    // One interrupt at `nanoseconds`, or as soon as possible if that is past. Replaces the last one. An interrupt is a hint: it
    // may come earlier, and when none is wanted. DeviceError: the device counts no time.
    virtual Status set_alarm(u64 nanoseconds) = 0;
    virtual void disarm() = 0;

protected:
    ~AlarmClock() = default;
};

}  // namespace eft::timer
