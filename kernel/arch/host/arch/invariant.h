// Checks of the kernel's own invariants that cost too much on a real machine.
#pragma once

#include <cstdlib>

namespace eft::kernel::arch {

inline void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace eft::kernel::arch
