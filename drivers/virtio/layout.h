// Where a virtio device has put its register structures (Virtual I/O Device 1.2, 4.1.4).
//
// The device says so in vendor capabilities of its configuration space. Capabilities that name a
// reserved BAR, or a window that does not lie in its BAR, are passed over, as the specification asks
// (4.1.4.1); the first usable one of each kind counts. Whoever maps the windows can therefore rely
// on every region lying in its BAR and being aligned.
#pragma once

#include <drivers/pci/capability.h>

#include <array>

namespace eft::virtio {

constexpr u16 kVendor = 0x1af4;  // 4.1.2
constexpr u16 kFirstModernDevice = 0x1040;
constexpr u16 kFirstTransitionalDevice = 0x1000;
constexpr u16 kLastDevice = 0x107f;

// A virtio device of any kind, with its structures in vendor capabilities (4.1.2).
constexpr bool is_virtio(u16 vendor, u16 device) {
    return vendor == kVendor && device >= kFirstTransitionalDevice && device <= kLastDevice;
}

// The same kind of device behind its modern identity: a transitional one, which is what QEMU's plain `-device virtio-blk-pci`
// is, has the interface of a modern one beside the old one, and names its kind in the subsystem (4.1.2.1).
constexpr u16 modern_device(u16 device, u16 subsystem) {
    return device < kFirstModernDevice ? static_cast<u16>(kFirstModernDevice + subsystem) : device;
}

// A window in a base address register of the device.
struct Region {
    u8 bar = 0;
    u32 offset = 0;
    u32 length = 0;

    constexpr bool present() const { return length != 0; }
};

struct Layout {
    Region common;
    Region notify;
    u32 notify_multiplier = 0;  // 4.1.4.4
    Region interrupt_status;
    Region device;  // absent where the kind of device has no configuration
};

using BarLengths = std::array<u64, pci::kBaseAddresses>;  // 0: no memory BAR there

// BadFormat if the capability list is damaged; NotSupported if a structure is missing that every
// modern device has.
Result<Layout> find_layout(const pci::Configuration& config, const BarLengths& bars);

}  // namespace eft::virtio
