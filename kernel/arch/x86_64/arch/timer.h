// The clock that SchedContexts count in, and the timer that ends slices and budgets.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

u64 now();  // ticks of the time-stamp counter
// The timer interrupt comes once, in so many ticks or a little later.
void arm_timer(u64 ticks);
u64 ticks_per_slice();

}  // namespace eft::kernel::arch
