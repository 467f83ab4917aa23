// The clock and the alarm of an HPET (IA-PC HPET specification 1.0a).
//
// Time that survives the driver: the main counter is never stopped and never written, so it runs on
// while no driver lives. What a new incarnation needs is where zero was, and that is `ClockState`,
// in the driver's state region: the counter's value at the first start. The state also keeps the
// latest time that was answered, so that time stays monotonic even if something outside this driver set
// the counter back (a reset of the device): then zero is moved so that time goes on from there.
//
// The alarm is one comparator in one-shot mode, edge-triggered, on an IOAPIC line that both the
// timer can reach (2.3.8, Tn_INT_ROUTE_CAP) and dev permits.
//
// Race 1, "just passed": a comparator fires when the counter *equals* it. A deadline that the
// counter passes while it is being written would fire in 2^64 ticks. `set_alarm` therefore reads
// the counter after the write, and if the deadline is no longer ahead, sets a later one, with a
// doubled distance. So an alarm may be late by a few ticks, and is never lost.
#pragma once

#include <drivers/hpet/registers.h>
#include <drivers/hpet/ticks.h>
#include <drivers/timer/alarm_clock.h>
#include <eft/hw/mmio.h>

namespace eft::hpet {

using timer::ClockState;

class Hpet final : public timer::AlarmClock {
public:
    // Works in any state that an earlier incarnation left. `timer`: which comparator, from 0. `state` outlives the Hpet.
    // NotSupported: no HPET that can be used; InvalidArgument: it has no such timer.
    static Result<Hpet> start(hw::Mmio registers, ClockState& state, unsigned timer);

    // The IOAPIC inputs that the timer can signal.
    u32 possible_lines() const { return hw::read<TimerRoutes>(registers_, timer_).raw(); }

    // Connects the alarm to the lowest permitted input and returns which one that is. NotSupported: there is none;
    // DeviceError: the timer does not take it.
    Result<u8> connect(u32 permitted_lines);

    // Nanoseconds since the first start.
    u64 now() override;
    // DeviceError: the counter is no clock.
    Status set_alarm(u64 nanoseconds) override;
    void disarm() override;

private:
    Hpet(hw::Mmio registers, ClockState& state, Ticks ticks, unsigned timer)
        : registers_(registers), state_(&state), ticks_(ticks), timer_(timer) {}

    u64 counter() const;
    u64 elapsed() const { return counter() - state_->zero_ticks; }
    void set_comparator(u64 ticks);
    void anchor();
    hw::Value<TimerConfiguration> configuration() const { return hw::read<TimerConfiguration>(registers_, timer_); }

    hw::Mmio registers_;
    ClockState* state_;
    Ticks ticks_;
    unsigned timer_;
};

}  // namespace eft::hpet
