// What stands in for dev's PhysicalMemory (servers/dev/physical_memory.h) where tests walk whole buses, or damage firmware's
// tables some ten thousand times, for which mem takes too long: physical addresses are those of the device models, and
// firmware's tables are copies. tests/host/dev has mem.
#pragma once

#include <devices/pci_segment.h>
#include <servers/dev/physical_memory.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace eft::test {

// What every PhysicalMemory finds and leaves while this lives; there is one at a time.
struct FlatMemory {
    FlatMemory();
    ~FlatMemory();
    FlatMemory(const FlatMemory&) = delete;
    FlatMemory& operator=(const FlatMemory&) = delete;

    std::set<std::pair<u64, u64>> objects;  // address and bytes of those that mem would know
    int mapped = 0;

    u64 firmware_address = 0;
    std::vector<std::byte> firmware;
    unsigned tables_read = 0;
    // Each mapping has a copy of its own, so that using it after its end is caught.
    std::map<const std::byte*, std::unique_ptr<std::byte[]>> tables;
};

}  // namespace eft::test
