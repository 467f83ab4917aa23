// The host's machine has one floating point register (record.h), which is switched as a real one's are.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel {
class Thread;
}

namespace eft::kernel::arch {

struct FpuState {
    u64 value;
};
// The thread ends or starts over: what it had in the register is forgotten.
void drop_fpu(Thread& thread);
// `thread`, which runs, has used the register for the first time: from now on it has a state in it.
void begin_fpu(Thread& thread);
// `next` runs from now on.
void switch_fpu(Thread& next);

}  // namespace eft::kernel::arch
