#include "tick.h"

#include "rtc.h"

#include <drivers/i8254/i8254.h>

namespace eft::root {

void Tick::start(Slot ports) {
    ports_ = ports;
    if (start_rtc(rtc_registers(ports)).ok()) {
        clock_ = Clock::Rtc;
        spares_pit_ = i8254::stop(i8254::registers(ports)).ok();
    } else if (i8254::start_tick(i8254::registers(ports), kPerSecond).ok()) {
        clock_ = Clock::Pit;
    }
}

u32 Tick::line() const { return clock_ == Clock::Pit ? i8254::kInterruptLine : rtc::kInterruptLine; }

bool Tick::acknowledge() {
    if (clock_ == Clock::Pit) return true;
    acknowledge_rtc(rtc_registers(ports_));
    passed_ += kPerSecond;
    if (passed_ < rtc::kInterruptsPerSecond) return false;
    passed_ -= rtc::kInterruptsPerSecond;
    return true;
}

}  // namespace eft::root
