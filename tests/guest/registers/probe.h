// A process that fills all its registers, enters the kernel, and looks at them afterwards: each must hold what this
// process put there, or what eft/abi/syscall.h says. So it finds whatever it should not see of others or of the kernel.
#pragma once

#include <eft/abi/message.h>

#include <cstddef>

namespace eft::registers {

constexpr u64 kFaultAddress = 0x5000'0000;
constexpr u32 kUnmapLabel = 1;  // to the stage: take the page at kFaultAddress away again

// What enter.S loads and stores.
struct alignas(64) Image {
    u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, unused;
    // As FXSAVE stores them (Intel SDM 1, 10.5.1).
    u16 control, status;
    u8 tags, reserved;
    u16 opcode;
    u64 instruction, data;
    u32 mxcsr, mxcsr_mask;
    u64 stack[8][2];  // ST0 to ST7, ten bytes each
    u64 xmm[16][2];
    u64 rest[12];
    u64 upper[16][2];  // of YMM0 to YMM15
};
static_assert(offsetof(Image, control) == 128 && offsetof(Image, upper) == 640);

enum class Entry : u32 { First, Call, Send, Signal, ReplyRecv, Recv, Wait, Poll, Yield, Debug, Invoke, Spin, Fault, Foreign, Count };
constexpr u32 kEntries = static_cast<u32>(Entry::Count);

// Lies in the process's state memory.
struct Findings {
    u64 entries[kEntries];  // how often
    u64 wrong;
    // The first one: which entry, which 8-byte word of the Image, what was there.
    u64 entry, word, value;
};

}  // namespace eft::registers
