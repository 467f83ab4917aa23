// The host's machine has no floating point registers to switch.
#pragma once

namespace eft::kernel {
class Thread;
}

namespace eft::kernel::arch {

struct FpuState {};
inline void drop_fpu(Thread&) {}

}  // namespace eft::kernel::arch
