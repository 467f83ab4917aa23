// The local APIC and the I/O APIC: interrupt acknowledgement and the timer (arch/timer.h).
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

constexpr u8 kSliceVector = 0xf0;
constexpr u8 kSpuriousVector = 0xff;

void start_apics();
void acknowledge_interrupt();
// Finds out how fast the timer and the time-stamp counter run; ticks of the latter per millisecond.
u64 calibrate_timer();

}  // namespace eft::kernel::arch
