// What there is in the machine: PCI functions in the order of their bus addresses, and the devices of the PC platform.
//
// Found once at the start; nothing here changes afterwards. A device is known by its index in the list.
#pragma once

#include <servers/dev/acpi_tables.h>
#include <servers/dev/pci_bars.h>
#include <servers/dev/pci_enumerate.h>

#include <eft/text.h>

namespace eft::dev {

enum class DeviceKind : u8 { Pci, Platform };

// A device that is soldered to the platform: where its registers are, and which I/O APIC inputs it can use.
struct PlatformDevice {
    std::string_view name;
    u16 first_port = 0;
    u16 port_count = 0;
    u64 address = 0;  // of its registers in memory; 0: none
    u64 bytes = 0;
    u32 lines = 0;  // a mask
    bool level = false, active_low = false;
};

struct Device {
    DeviceKind kind = DeviceKind::Pci;
    PlatformDevice platform;
    FunctionInfo function;
    Bars bars;
};

class Devices {
public:
    static constexpr u32 kMaximum = 96;
    using DeviceName = FixedText<63>;

    Status add(const Device& device) { return list_.push(device); }
    u32 count() const { return static_cast<u32>(list_.size()); }
    const Device& operator[](u32 index) const { return list_[index]; }

    // "com1", "hpet", "rtc": what a PC has at fixed places, and what ACPI says of it.
    Status add_platform(const Machine& machine) {
        const InterruptOverride serial = machine.isa_interrupt(4), clock = machine.isa_interrupt(8);
        EFT_CHECK(add_platform({"com1", 0x3f8, 8, 0, 0, 1u << serial.input, serial.level_triggered, serial.active_low}));
        EFT_CHECK(add_platform({"rtc", 0x70, 2, 0, 0, 1u << clock.input, clock.level_triggered, clock.active_low}));
        if (!machine.hpet) return {};
        // Of the inputs that an HPET can reach only those that no ISA device has.
        constexpr u32 kHpetLines = 0x00ff'0000;
        constexpr u64 kHpetBytes = 1024;
        return add_platform({"hpet", 0, 0, machine.hpet->address, kHpetBytes, kHpetLines, false, false});
    }

    // NoDevice: there are not so many of that kind.
    Result<u32> find(std::string_view match, u32 which) const {
        for (u32 index = 0; index < count(); ++index)
            if (matches(list_[index], match) && which-- == 0) return index;
        return Error::NoDevice;
    }

    // The pages of [address, address + bytes) hold registers of this device only.
    bool has_its_pages_alone(u32 index, const Bar& bar) const {
        const u64 first = page_down(bar.address), end = page_up(bar.address + bar.length);
        for (u32 other = 0; other < count(); ++other) {
            for (const Bar& each : list_[other].bars) {
                const bool same = other == index && each.index == bar.index;
                if (!same && each.is_memory() && each.address < end && first < each.address + each.length) return false;
            }
        }
        return true;
    }

    static DeviceName name_of(const Device& device) {
        if (device.kind == DeviceKind::Platform) return DeviceName(device.platform.name);
        const FunctionInfo& info = device.function;
        DeviceName name;
        name.hex(info.address.bus, 2).append(':').hex(info.address.device, 2).append('.').hex(info.address.function);
        return name.append(' ').hex(info.vendor, 4).append(':').hex(info.device, 4);
    }

private:
    Status add_platform(const PlatformDevice& platform) {
        Device device;
        device.kind = DeviceKind::Platform;
        device.platform = platform;
        return add(device);
    }

    static bool matches(const Device& device, std::string_view match) {
        if (device.kind == DeviceKind::Platform) return match == device.platform.name;
        FixedText<15> wanted("pci:");
        wanted.hex(device.function.vendor, 4).append(':').hex(device.function.device, 4);
        return match == wanted.view();
    }

    BoundedList<Device, kMaximum> list_;
};

// Finds everything. A function whose base address registers make no sense is listed without windows.
template <ConfigurationSpace C>
Status find_devices(Devices& devices, const Machine& machine, C& space) {
    EFT_CHECK(devices.add_platform(machine));
    for (const EcamRange& range : machine.ecam) {
        auto found = enumerate(space, range.segment, range.first_bus, [&](const FunctionInfo& info) -> Status {
            EFT_TRY(auto config, space.function(info.address));
            Device device;
            device.function = info;
            if (auto bars = measure_bars(config); bars.ok()) device.bars = *bars;
            return devices.add(device);
        });
        if (!found.ok()) return found.error();
    }
    return {};
}

}  // namespace eft::dev
