#include <servers/dev/devices.h>

#include <drivers/virtio/layout.h>
#include <eft/abi/object.h>

#include <algorithm>

namespace eft::dev {
namespace {

bool matches(const Device& device, std::string_view match) {
    if (device.kind == DeviceKind::Platform) return match == device.platform.name.view();
    const FunctionInfo& info = device.function;
    const auto is = [&](u16 identity) { return match == FixedText<15>("pci:").hex(info.vendor, 4).append(':').hex(identity, 4).view(); };
    return is(info.device) || (virtio::is_virtio(info.vendor, info.device) && is(virtio::modern_device(info.device, info.subsystem)));
}

}  // namespace

// An input beyond those that the kernel has cannot be used.
static Lines lines_of(const InterruptOverride& interrupt) {
    if (interrupt.input >= kIrqLines) return {};
    return {1u << interrupt.input, interrupt.level_triggered, interrupt.active_low};
}

// Firmware writes the ISA interrupt that it has routed the pin to into a register for the system (PCI Local Bus 3.0, 6.2.4).
// The chipset's I/O APIC has it at the same input unless ACPI says otherwise; where it says nothing, it is as PCI has
// interrupts (2.2.6): level-triggered, active low. Behind another root bus than the first, firmware may be wrong: SeaBIOS is,
// for QEMU's pxb-pcie.
Lines lines_of(const FunctionInfo& function, const Machine& machine) {
    constexpr u8 kIsaInterrupts = 16;
    if (function.address.segment != 0 || function.root_bus != 0) return {};
    if (function.interrupt_pin == 0 || function.interrupt_line == 0 || function.interrupt_line >= kIsaInterrupts) return {};
    Lines lines = lines_of(machine.isa_interrupt(function.interrupt_line));
    if (!lines.level) lines.active_low = true;
    lines.level = true;
    return lines;
}

Status Devices::add_platform(const PlatformDevice& platform, const Lines& lines) {
    Device device;
    device.kind = DeviceKind::Platform;
    device.platform = platform;
    device.lines = lines;
    return add(device);
}

Status Devices::add_platform(const Machine& machine) {
    EFT_CHECK(add_platform({std::string_view("com1"), kCom1Ports}, lines_of(machine.isa_interrupt(4))));
    const bool root_has_rtc = machine.root_clock == Machine::RootClock::Rtc;
    if (machine.spare_pit) EFT_CHECK(add_platform({std::string_view("pit"), kPitPorts}, lines_of(machine.isa_interrupt(0))));
    if (!machine.hpet) return {};
    // Of the inputs that an HPET can reach only those that no ISA device has; the 8254's is the only one that it can reach on
    // an i440fx.
    const u32 pit_line = root_has_rtc ? lines_of(machine.isa_interrupt(0)).inputs : 0;
    constexpr u64 kHpetBytes = 1024;
    return add_platform({std::string_view("hpet"), {}, machine.hpet->address, kHpetBytes}, {.inputs = 0x00ff'0000 | pit_line});
}

Result<u32> Devices::find(std::string_view match, u32 which) const {
    for (u32 index = 0; index < count(); ++index)
        if (matches(list_[index], match) && which-- == 0) return index;
    return Error::NoDevice;
}

bool Devices::has_its_pages_alone(u32 index, const Bar& bar) const {
    const u64 first = page_down(bar.address), end = page_up(bar.address + bar.length);
    for (u32 other = 0; other < count(); ++other) {
        for (const Bar& each : list_[other].bars) {
            const bool same = other == index && each.index == bar.index;
            if (!same && each.is_memory() && each.address < end && first < each.address + each.length) return false;
        }
    }
    return true;
}

Devices::DeviceName Devices::name_of(const Device& device) {
    if (device.kind == DeviceKind::Platform) return DeviceName(device.platform.name.view());
    const FunctionInfo& info = device.function;
    DeviceName name;
    name.hex(info.address.bus, 2).append(':').hex(info.address.device, 2).append('.').hex(info.address.function);
    return name.append(' ').hex(info.vendor, 4).append(':').hex(info.device, 4);
}

}  // namespace eft::dev
