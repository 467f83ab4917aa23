// A process's share of the processor, as mem gives it to its thread.
#pragma once

#include <eft/abi/types.h>

namespace eft::processes {

// So many ticks of the time-stamp counter in each period (both 0: no limit), at this priority or below.
struct ProcessorShare {
    u64 budget, period;
    u8 ceiling;
};

}  // namespace eft::processes
