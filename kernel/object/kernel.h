// Kernel: what all cores share. A core reaches it through its Core (schedule/core.h).
#pragma once

#include <object/irq.h>

namespace eft::kernel {

struct Kernel {
    Capability ancestor;  // parent of the capabilities that exist from the start
    IrqTable irqs;
    u64 objects = 0;  // live objects that have memory of their own
    Object* dying = nullptr;  // objects whose last capability went, in that order (derivation.h)
    Object* last_dying = nullptr;
};

}  // namespace eft::kernel
