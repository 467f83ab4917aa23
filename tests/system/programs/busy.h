// Time that passes without anybody's help.
#pragma once

#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {

// It looks at the time now and then only: QEMU leaves its translated code for each look.
inline void stay_busy(u64 milliseconds) {
    const u64 end = sys::time_stamp() + milliseconds * config().ticks_per_ms;
    while (sys::time_stamp() < end) {
        for (unsigned i = 0; i < 1000; ++i) asm volatile("");
    }
}

}  // namespace eft
