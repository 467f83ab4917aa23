// What the entry code of one core needs at once; the kernel's GS base points here.
#pragma once

#include <schedule/core.h>

#include <cstddef>

namespace eft::kernel::arch {

struct CoreLocal {
    Core* core;
    u64 scratch;       // the user's stack pointer, for a moment
    u64 frame_top;     // end of the processor's part of the running thread's registers
    u64 stack_top;     // of the kernel stack of this core
    PhysAddr active_root;
    bool slice_armed;  // the time-slice timer runs
};
// entry.S knows these.
static_assert(offsetof(CoreLocal, core) == 0);
static_assert(offsetof(CoreLocal, scratch) == 8);
static_assert(offsetof(CoreLocal, frame_top) == 16);
static_assert(offsetof(CoreLocal, stack_top) == 24);

extern CoreLocal core_local;

}  // namespace eft::kernel::arch
