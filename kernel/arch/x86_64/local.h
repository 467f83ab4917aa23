// What the entry code of one core needs at once; the kernel's GS base points at `core`.
#pragma once

#include <schedule/core.h>

#include <cstddef>

namespace eft::kernel::arch {

struct CoreLocal {
    u64 stack_top;  // of the kernel stack of this core, less 8: entry.S jumps to C++ functions
    PhysAddr active_root;
    Core core;
};
// entry.S knows these.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // no virtual bases here
static_assert(offsetof(Core, current) == 0);
static_assert(offsetof(CoreLocal, core) - offsetof(CoreLocal, stack_top) == 16);
static_assert(offsetof(Thread, registers) == 16 && offsetof(Thread, utcb) == 208 && offsetof(Thread, foreign) == 216);
#pragma GCC diagnostic pop

extern CoreLocal core_local;

}  // namespace eft::kernel::arch
