// A thread's floating point and vector registers, as XSAVE stores them: its standard form with x87, SSE and AVX
// (Intel SDM 1, 13.4). Nothing of it means anything while the thread lacks Thread::LiveFpu.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>

namespace eft::kernel {
class Thread;
}

namespace eft::kernel::arch {

struct alignas(64) FpuState {
    u16 control_word, status_word;
    u8 tags, reserved;
    u16 opcode;
    u64 instruction, data;
    u32 mxcsr, mxcsr_mask;
    u64 registers[48];
    u64 unused[12];
    u64 header[8];  // XSTATE_BV, which XSAVE writes, XCOMP_BV and what is reserved, which must be zero
    u64 upper[32];  // the upper halves of YMM0 to YMM15
};
static_assert(offsetof(FpuState, registers) == 32 && offsetof(FpuState, header) == 512 && sizeof(FpuState) == 832);

// The thread ends or starts over: what it had in these registers is forgotten.
void drop_fpu(Thread& thread);

}  // namespace eft::kernel::arch
