// The kernel's final page tables: built once at boot, shared by all address spaces.
#pragma once

#include <boot/memory_map.h>

namespace eft::kernel::arch {

// Pages for tables, taken from the low end of one range of ordinary memory below 4 GiB.
class BootMemory {
public:
    explicit BootMemory(MemoryRange range) : range_(range) {}
    u64 take(u64 pages);  // cleared
    u64 next() const { return range_.start; }

private:
    MemoryRange range_;
};

void build_kernel_tables(const LoaderInfo& info, BootMemory& memory);

}  // namespace eft::kernel::arch
