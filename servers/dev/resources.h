// What dev gives to drivers and takes back, and how it reaches the machine itself: device memory through mem, sessions,
// interrupts and ports by kernel invocations.
//
// A capability that a function answers with is the caller's own: it goes out in a message, or back by drop_slot() or revoke_slot().
#pragma once

#include <drivers/pci/configuration.h>
#include <servers/dev/acpi_tables.h>

#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>

#include <span>

namespace eft::dev {

// What a function writes to send an interrupt.
struct Message {
    u64 address = 0;
    u32 data = 0;
};

class Resources {
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
    Result<Slot> window(u64 address, u64 bytes);
    void forget_window(u64 address, u64 bytes);

    // Capabilities of which copies are given away; revoke_slot() takes back all of them, and itself.
    Result<Slot> make_session(u64 badge);
    Result<Slot> make_interrupt(u32 number);
    // Of the platform device with this name, all that root granted for it. NotFound: root granted none.
    Result<Slot> make_ports(std::string_view device);
    // For dev's own use.
    hw::Ports configuration_ports() const { return {configuration_ports_, pci::kAddressPort, pci::kPortCount}; }
    Result<Slot> copy(Slot parent);

    Result<Message> message(u32 interrupt);
    Status set_line_mode(u32 line, bool level, bool active_low);

    // Memory that a device may reach. mem keeps its pages until it is unpinned.
    Status pin(Slot object);
    void unpin(Slot object);
    // Fills what there is room for, from page `first` on, and answers how many pages the object has.
    Result<u32> pages(Slot object, u32 first, std::span<u64> addresses);

private:
    Status map(u64 at, u64 address, u64 bytes, u64 offset, u64 whole);
    void unmap(u64 at, u64 bytes);
    Result<CapHandle> object(u64 address, u64 bytes);

    mem::MemClient<> control_;  // names physical memory
    mem::MemClient<> space_;    // dev's own
    Slot interrupts_ = Slot::None;
    Slot configuration_ports_ = Slot::None;
};

}  // namespace eft::dev
