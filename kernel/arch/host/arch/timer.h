// The clock is what the test says (record.h).
#pragma once

#include <arch/record.h>

namespace eft::kernel::arch {

inline u64 now() { return record().time; }
inline void arm_timer(u64 ticks) { record().timer = record().time + ticks; }
inline u64 ticks_per_slice() { return 1000; }

}  // namespace eft::kernel::arch
