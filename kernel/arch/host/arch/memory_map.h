// The host's stand-in for the kernel's part of an address space: only the direct map. Physical address p is at
// kDirectMapBase + p in the test process; the base lies in what AddressSanitizer calls high memory, where nothing else
// is put (its shadow ends below).
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

constexpr u64 kDirectMapBase = 0x2000'0000'0000;

}  // namespace eft::kernel::arch
