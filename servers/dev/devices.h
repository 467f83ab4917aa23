// What there is in the machine: PCI functions in the order of their bus addresses, and the devices of the PC platform.
//
// Found once (find.h); nothing here changes afterwards. A device is known by its index in the list. Plain data, which lies in
// memory that outlives dev.
#pragma once

#include <servers/dev/acpi_tables.h>
#include <servers/dev/function_walk.h>
#include <servers/dev/pci_bars.h>

#include <eft/port_ranges.h>
#include <eft/text.h>

namespace eft::dev {

enum class DeviceKind : u8 { Pci, Platform };

// The I/O APIC inputs that a device can use, and how it drives them.
struct Lines {
    u32 inputs = 0;  // a mask
    bool level = false, active_low = false;
};

// A device that is soldered to the platform: where its registers are.
struct PlatformDevice {
    FixedText<7> name;
    PortRange ports{};
    u64 address = 0;  // of its registers in memory; 0: none
    u64 bytes = 0;
};

struct Device {
    DeviceKind kind = DeviceKind::Pci;
    PlatformDevice platform;
    FunctionInfo function;
    Bars bars;
    Lines lines;  // of a function: where firmware has connected its interrupt pin
};

class Devices {
public:
    static constexpr u32 kMaximum = 1024;
    using DeviceName = FixedText<63>;

    // LimitReached: no more than kMaximum are listed.
    Status add(const Device& device) { return list_.push(device); }
    void clear() { list_.clear(); }
    u32 count() const { return static_cast<u32>(list_.size()); }
    const Device& operator[](u32 index) const { return list_[index]; }

    // "com1", "hpet", and "pit" where it is not root's: what a PC has at fixed places, and what ACPI says of it.
    Status add_platform(const Machine& machine);
    // A transitional virtio device is found under the modern identity of its kind. NoDevice: there are not so many of it.
    Result<u32> find(std::string_view match, u32 which) const;
    // The pages of [address, address + bytes) hold registers of this device only.
    bool has_its_pages_alone(u32 index, const Bar& bar) const;
    static DeviceName name_of(const Device& device);

private:
    Status add_platform(const PlatformDevice& platform, const Lines& lines);

    BoundedList<Device, kMaximum> list_;
};

// Where firmware has connected the function's interrupt pin.
Lines lines_of(const FunctionInfo& function, const Machine& machine);

}  // namespace eft::dev
