// What the loader tells: ordinary memory, the boot archive, the ACPI root pointer.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

struct MemoryRange {
    u64 start, end;
    u64 size() const { return end - start; }
};

struct LoaderInfo {
    static constexpr unsigned kMaxRanges = 32;
    MemoryRange memory[kMaxRanges];  // sorted by address, page-aligned, above 1 MiB
    unsigned ranges = 0;
    MemoryRange archive{};
    u64 acpi_rsdp = 0;
};

// Reads PVH's or multiboot2's structures; false if `magic` is neither or they make no sense.
bool read_loader_info(u32 magic, u64 address, LoaderInfo& info);

}  // namespace eft::kernel::arch
