// The local APIC and the I/O APIC: interrupt acknowledgement and the time-slice timer.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

constexpr u8 kSliceVector = 0xf0;
constexpr u8 kSpuriousVector = 0xff;

void start_apics();
void acknowledge_interrupt();
// One interrupt on kSliceVector after a time slice.
void arm_time_slice();

}  // namespace eft::kernel::arch
