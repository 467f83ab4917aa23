// What dev reaches of physical memory, and gives away of it, by way of mem: registers, firmware's tables, windows, pins.
// Errors are mem's (idl/mem.fbs). mem does not restart: when it dies, the system cannot go on.
#pragma once

#include <drivers/pci/configuration.h>
#include <servers/dev/acpi_tables.h>

#include <eft/cap.h>
#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>

#include <span>

namespace eft::dev {

class PhysicalMemory {
public:
    // Takes up what root granted; afterwards libos finds dev's memory session where every process has it.
    Status open();

    // Registers at [address + offset, + bytes) of the object that covers [address, address + whole), whole pages, in
    // dev's own space. The object stays known to mem until forget_window(), and then lives as long as it is mapped.
    Result<hw::Mmio> map_registers(u64 address, u64 whole, u64 offset, u64 bytes);
    void unmap_registers(hw::Mmio registers);
    // Bytes of firmware tables, up to kLargestTable. They need not be aligned.
    Result<Bytes> map_table(u64 address, u64 bytes);
    void unmap_table(Bytes table);

    // Device memory as an object, to be given away; and the end of it, once nobody has it mapped.
    Result<CapHandle> window(u64 address, u64 bytes);
    void forget_window(u64 address, u64 bytes);

    // Memory that a device may reach. mem keeps its pages until it is unpinned.
    Status pin(Slot object);
    void unpin(Slot object);
    // Fills what there is room for, from page `first` on, and answers how many pages the object has.
    Result<u32> pages(Slot object, u32 first, std::span<u64> addresses);

private:
    Status map(u64 at, u64 address, u64 bytes, u64 offset, u64 whole);
    void unmap(u64 at, u64 bytes);

    mem::MemClient<> control_;  // names physical memory
    mem::MemClient<> space_;    // dev's own
};

}  // namespace eft::dev
