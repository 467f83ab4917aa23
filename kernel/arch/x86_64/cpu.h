// The processor's registers that only the kernel may touch.
#pragma once

#include <eft/abi/types.h>
#include <memory/physical.h>

namespace eft::kernel::arch {

// Model-specific registers (Intel SDM 4, table 2-2).
enum class Msr : u32 {
    ApicBase = 0x1b,
    Efer = 0xc0000080,
    Star = 0xc0000081,
    LongStar = 0xc0000082,
    SyscallMask = 0xc0000084,
    FsBase = 0xc0000100,
    GsBase = 0xc0000101,
    KernelGsBase = 0xc0000102,
};

inline void write_msr(Msr msr, u64 value) {
    asm volatile("wrmsr" : : "c"(msr), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32)) : "memory");
}
inline void write_root(PhysAddr root) { asm volatile("mov %0, %%cr3" : : "r"(root.value()) : "memory"); }
inline u64 read_fault_address() {
    u64 value;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
inline u64 read_fs_base() {
    u64 value;
    asm volatile("rdfsbase %0" : "=r"(value));
    return value;
}
inline void write_fs_base(u64 value) { asm volatile("wrfsbase %0" : : "r"(value)); }
inline void flush_address(u64 address) { asm volatile("invlpg (%0)" : : "r"(address) : "memory"); }

}  // namespace eft::kernel::arch
