// Checks of the kernel's own invariants, of which each look-up would have one: they are done on the host's machine,
// where the same object code is tested.
#pragma once

namespace eft::kernel::arch {

[[gnu::always_inline]] inline void require(bool) {}

}  // namespace eft::kernel::arch
