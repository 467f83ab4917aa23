// Interrupt numbers 0 to 23 are lines of the I/O APIC, the others messages (MSI) to this core.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

constexpr u32 kFirstIrqVector = 0x30;  // of interrupt number 0

void mask_line(u32 line);
void unmask_line(u32 line);
void set_line_mode(u32 line, bool level, bool active_low);
bool is_level(u32 line);
// What a device writes, and where, to raise a message interrupt (Intel SDM 3A, 10.11).
u64 message_address();
u32 message_data(u32 number);

}  // namespace eft::kernel::arch
