// Segments, the task state and the interrupt descriptor table.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

void load_descriptors();
// Where the processor stores a thread's registers on the next interrupt.
void set_frame_top(u64 address);

}  // namespace eft::kernel::arch
