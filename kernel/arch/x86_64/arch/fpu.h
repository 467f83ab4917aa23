// A thread's floating point and SSE registers, as FXSAVE stores them (Intel SDM 1, 10.5.1).
#pragma once

#include <eft/abi/types.h>

#include <cstddef>

namespace eft::kernel {
class Thread;
}

namespace eft::kernel::arch {

struct alignas(16) FpuState {
    u16 control_word = 0, status_word = 0;
    u8 tags = 0, reserved = 0;
    u16 opcode = 0;
    u64 instruction = 0, data = 0;
    u32 mxcsr = 0, mxcsr_mask = 0;
    u64 registers[48] = {};
    u64 unused[12] = {};  // the last 48 bytes are software's, says the SDM; the rest is reserved
    bool used = false;    // not stored by FXSAVE: the thread has a state
};
static_assert(offsetof(FpuState, registers) == 32 && offsetof(FpuState, used) == 512);

// The thread ends or starts over: what it had in these registers is forgotten.
void drop_fpu(Thread& thread);

}  // namespace eft::kernel::arch
