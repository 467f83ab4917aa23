// The clock that SchedContexts count in, and the timer that ends slices and budgets.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

// Ticks of the time-stamp counter.
inline u64 now() {
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return u64{high} << 32 | low;
}
// The timer interrupt comes once, in so many ticks or a little later.
void arm_timer(u64 ticks);
u64 ticks_per_slice();

}  // namespace eft::kernel::arch
