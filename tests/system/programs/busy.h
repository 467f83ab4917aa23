// Time that passes without anybody's help.
#pragma once

#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {

inline void stay_busy(u64 milliseconds) {
    const u64 end = sys::time_stamp() + milliseconds * config().ticks_per_ms;
    while (sys::time_stamp() < end) asm volatile("pause");
}

}  // namespace eft
