#include "tick.h"

#include "pit.h"
#include "rtc.h"

namespace eft::root {

void Tick::start(Slot ports) {
    ports_ = ports;
    if (start_rtc(rtc_registers(ports)).ok()) {
        clock_ = Clock::Rtc;
        stop_pit(pit_registers(ports));
    } else if (start_pit(pit_registers(ports), kPerSecond).ok()) {
        clock_ = Clock::Pit;
    }
}

u32 Tick::line() const { return clock_ == Clock::Pit ? pit::kInterruptLine : rtc::kInterruptLine; }

bool Tick::acknowledge() {
    if (clock_ == Clock::Pit) return true;
    acknowledge_rtc(rtc_registers(ports_));
    passed_ += kPerSecond;
    if (passed_ < rtc::kInterruptsPerSecond) return false;
    passed_ -= rtc::kInterruptsPerSecond;
    return true;
}

}  // namespace eft::root
