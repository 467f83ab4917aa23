// The ordinary memory of the machine, as its loader reports it. Nothing that is left out is left out in silence: it is
// counted, and root is told (BootInfo).
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel {

struct MemoryRange {
    u64 start, end;
    u64 size() const { return end - start; }
};

class MemoryMap {
public:
    static constexpr unsigned kMaxRanges = 32;

    // Adds ordinary memory. Below 1 MiB is none, nor in a page that is not whole. Ranges that touch or overlap are one
    // afterwards. If there are too many, the smallest is given up.
    void add(u64 start, u64 end);

    // Sorted by address, page-aligned, with gaps between them.
    const MemoryRange* begin() const { return ranges_; }
    const MemoryRange* end() const { return ranges_ + count_; }
    bool empty() const { return count_ == 0; }
    u64 highest() const { return ranges_[count_ - 1].end; }  // there is a range
    u64 bytes() const;

    unsigned lost_ranges() const { return lost_ranges_; }
    u64 lost_bytes() const { return lost_bytes_; }

private:
    void remove(unsigned index);

    MemoryRange ranges_[kMaxRanges];
    unsigned count_ = 0;
    unsigned lost_ranges_ = 0;
    u64 lost_bytes_ = 0;
};

struct LoaderInfo {
    MemoryMap memory;
    MemoryRange archive{};  // the boot archive; empty: there is none
    u64 acpi_rsdp = 0;      // physical address, 0 if unknown
};

}  // namespace eft::kernel
