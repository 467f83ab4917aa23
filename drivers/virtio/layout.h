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

namespace structure {  // struct virtio_pci_cap, 4.1.4

enum class Kind : u8 { Common = 1, Notify = 2, InterruptStatus = 3, Device = 4 };

struct Length : hw::Register<2, u8> {};
struct Type : hw::Register<3, u8> {};
struct Bar : hw::Register<4, u8> {};
struct Offset : hw::Register<8, u32> {};
struct RegionLength : hw::Register<12, u32> {};
struct NotifyMultiplier : hw::Register<16, u32> {};
constexpr u32 kSize = 16;
constexpr u32 kNotifySize = 20;

}  // namespace structure

// One capability, as far as it was read; `place` decides whether it counts.
struct Candidate {
    structure::Kind kind;
    u8 capability_length;
    Region region;
    u32 notify_multiplier;
};

// Puts the candidate into the layout, or passes it over.
void place(Layout& layout, const Candidate& candidate, const BarLengths& bars);

// BadFormat if the capability list is damaged; NotSupported if a structure is missing that every
// modern device has.
template <hw::RegisterReader Config>
Result<Layout> find_layout(Config config, const BarLengths& bars) {
    Layout layout;
    EFT_CHECK(pci::walk_capabilities(config, [&](pci::CapabilityId id, u8 offset) {
        if (id != pci::CapabilityId::Vendor || offset + structure::kSize > pci::kConfigurationSize)
            return true;
        hw::Shifted<Config> capability(config, offset);
        Candidate candidate;
        candidate.kind = static_cast<structure::Kind>(hw::read<structure::Type>(capability).raw());
        candidate.capability_length = hw::read<structure::Length>(capability).raw();
        candidate.region.bar = hw::read<structure::Bar>(capability).raw();
        candidate.region.offset = hw::read<structure::Offset>(capability).raw();
        candidate.region.length = hw::read<structure::RegionLength>(capability).raw();
        candidate.notify_multiplier =
            offset + structure::kNotifySize <= pci::kConfigurationSize
                ? hw::read<structure::NotifyMultiplier>(capability).raw()
                : 0;
        place(layout, candidate, bars);
        return true;
    }));
    if (!layout.common.present() || !layout.notify.present() || !layout.interrupt_status.present())
        return Error::NotSupported;
    return layout;
}

}  // namespace eft::virtio
