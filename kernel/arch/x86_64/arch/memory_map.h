// The kernel's part of every address space (x86-64, four levels):
//
//   0xffff8000'00000000  direct map: all ordinary memory, 4 KiB pages, never executable
//   0xffffffff'80000000  the kernel's image, where the linker put it
//   0xffffffff'c0000000  the local APIC and the I/O APIC, one page each
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

constexpr u64 kDirectMapBase = 0xffff'8000'0000'0000;
constexpr u64 kImageBase = 0xffff'ffff'8000'0000;
constexpr u64 kLocalApicBase = 0xffff'ffff'c000'0000;
constexpr u64 kIoApicBase = 0xffff'ffff'c000'1000;

}  // namespace eft::kernel::arch
