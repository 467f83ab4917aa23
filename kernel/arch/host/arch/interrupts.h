// Interrupt lines that only remember how they were set.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

void mask_line(u32 line);
void unmask_line(u32 line);
void set_line_mode(u32 line, bool level, bool active_low);
bool is_level(u32 line);
u64 message_address();
u32 message_data(u32 number);

}  // namespace eft::kernel::arch
