// root's tick, 20 a second: from the real-time clock, and where a machine has none, from the 8254. In this order, because the
// HPET of an i440fx reaches no input of the I/O APIC but the 8254's: where the 8254 stands still, its input is free.
#pragma once

#include <eft/abi/object.h>

namespace eft::root {

class Tick {
public:
    static constexpr u32 kPerSecond = 20;

    enum class Clock : u8 { None, Rtc, Pit };

    // `ports` covers those of both clocks. Nothing arrives before line() is bound, and acknowledge() called after that.
    void start(Slot ports);
    // From here on another capability, which covers those of the real-time clock if that is the one. The 8254 needs none.
    void use(Slot ports) { ports_ = ports; }
    Clock clock() const { return clock_; }
    // There is an 8254 as well, which does nothing.
    bool spares_pit() const { return spares_pit_; }
    // The I/O APIC input of the clock. Not without one.
    u32 line() const;

    // After each interrupt of the clock: whether a tick is due.
    bool acknowledge();

private:
    Slot ports_ = Slot::None;
    Clock clock_ = Clock::None;
    bool spares_pit_ = false;
    u32 passed_ = 0;  // since the last tick, by the real-time clock: its interrupts times kPerSecond
};

}  // namespace eft::root
