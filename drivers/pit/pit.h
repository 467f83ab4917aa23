// The alarm of an 8254, and the processor's time stamp as the clock: for machines without an HPET.
//
// The 8254 counts 55 ms at most and then stands still, so it is no clock. The time stamp counter runs on while no driver lives;
// time is as exact as the kernel has measured its rate, one in a thousand. An alarm that is further away than the 8254 can
// count comes early, as a hint, and is set again.
#pragma once

#include <drivers/i8254/i8254.h>
#include <drivers/timer/alarm_clock.h>

namespace eft::pit {

class Pit final : public timer::AlarmClock {
public:
    // `registers`: those of i8254.h. `stamp`: the time stamp, of which `stamps_per_ms` are a millisecond; not 0. `state`
    // outlives the Pit.
    Pit(hw::Ports registers, u64 (*stamp)(), u64 stamps_per_ms, timer::ClockState& state)
        : registers_(registers), stamp_(stamp), stamps_per_ms_(stamps_per_ms), state_(state) {}

    // Nanoseconds since the time stamp was 0.
    u64 now() override;
    Status set_alarm(u64 nanoseconds) override;
    // The count ends by itself: one more hint may come.
    void disarm() override {}

private:
    hw::Ports registers_;
    u64 (*stamp_)();
    u64 stamps_per_ms_;
    timer::ClockState& state_;
};

}  // namespace eft::pit
