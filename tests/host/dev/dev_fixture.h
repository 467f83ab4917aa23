// dev's server over a segment with two virtio disks, a device with its MSI-X table among its registers, and one with MSI.
#pragma once

#include "local_resources.h"

#include <servers/dev/device_server.h>

#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>

namespace eft::test {

constexpr u64 kConfigurationWindow = 0xfe00'0000, kTableWindow = 0xfebd'1000, kMixedWindow = 0xfe10'0000;

// One capability of the list; `next` 0 ends it.
inline void put_virtio(PciFunction& function, u8 at, u8 next, u8 type, u8 bar, u32 offset, u32 length) {
    const u8 head[] = {0x09, next, static_cast<u8>(type == 2 ? 20 : 16), type, bar};
    std::memcpy(&function.bytes[at], head, sizeof head);
    function.set(at + 8, offset);
    function.set(at + 12, length);
    if (type == 2) function.set(at + 16, 4);
}
inline void put_msix(PciFunction& function, u8 at, u8 next, u16 entries, u32 table, u32 pending) {
    function.set(at, 0x11u | next << 8, 2);
    function.set(at + 2, entries - 1u, 2);
    function.set(at + 4, table);
    function.set(at + 8, pending);
}
inline void put_bar(PciFunction& function, u32 index, u64 address, u32 length) {
    function.set(0x10 + 4 * index, address);
    function.sticky[index] = ~(length - 1);
}

// QEMU's virtio-blk-pci: configuration in BAR 4, MSI-X alone in BAR 1.
inline PciFunction& add_disk(PciSegment& segment, std::deque<RegisterWindow>& windows, u8 device, u64 displacement) {
    PciFunction& disk = segment.add(0, device, 0, 0x1af4, 0x1042, 1, 0);
    disk.set(0x06, 0x10, 2);
    disk.bytes[0x34] = 0x98;
    put_msix(disk, 0x98, 0x84, 2, 1, 0x800 | 1);
    put_virtio(disk, 0x84, 0x70, 1, 4, 0, 0x1000);
    put_virtio(disk, 0x70, 0x60, 3, 4, 0x1000, 0x1000);
    put_virtio(disk, 0x60, 0x4c, 4, 4, 0x2000, 0x1000);
    put_virtio(disk, 0x4c, 0, 2, 4, 0x3000, 0x1000);
    put_bar(disk, 1, kTableWindow + displacement, 0x1000);
    put_bar(disk, 4, kConfigurationWindow + displacement, 0x4000);
    windows.emplace_back(kTableWindow + displacement, 0x1000);
    windows.emplace_back(kConfigurationWindow + displacement, 0x4000);
    return disk;
}

struct DevFixture {
    DevFixture() {
        machine.hpet = dev::HpetLocation{0xfed0'0000, 0};
        CHECK(machine.ecam.push({PciSegment::kEcam, 0, 0, 0}).ok());
        add_disk(segment, windows, 3, 0);
        add_disk(segment, windows, 4, 0x1'0000);
        // A device with its MSI-X table in the middle of its registers.
        PciFunction& mixed = segment.add(0, 5, 0, 0x8086, 0x10d3, 2, 0);
        mixed.set(0x06, 0x10, 2);
        mixed.bytes[0x34] = 0xa0;
        put_msix(mixed, 0xa0, 0, 5, 0x2000, 0x3000);
        put_bar(mixed, 0, kMixedWindow, 0x8000);
        windows.emplace_back(kMixedWindow, 0x8000);
        // QEMU's edu: MSI and no MSI-X.
        PciFunction& edu = segment.add(0, 6, 0, 0x1234, 0x11e8, 0, 0xff);
        edu.set(0x06, 0x10, 2);
        edu.bytes[0x34] = 0x40;
        edu.set(0x40, 0x0080'0005);
        space.open(machine.ecam);
        CHECK(dev::find_devices(devices, machine, space).ok());
        CHECK(local.mapped == 0);
    }

    using Server = dev::DeviceServer;
    using LocalServer = ipc::LocalServer<dev::Dev, Server>;
    using Client = dev::DevClient<ipc::LocalTransport<LocalServer>>;

    Result<dev::Assignment> assign(std::string_view device, u32 index = 0) {
        dev::Match match;
        match.device = device;
        match.index = index;
        return control.assign(match).or_error();
    }
    // The driver of what was assigned.
    Client driver_of(const dev::Assignment& assignment) {
        return Client(transport, Badge{ipc::local_caps().object(assignment.session.slot()) - LocalResources::kSession});
    }
    static u64 object_of(Slot slot) { return ipc::local_caps().object(slot); }
    u16 command(u8 device) { return static_cast<u16>(segment.functions[PciSegment::key(0, device, 0)].get(4)); }
    RegisterWindow& window_at(u64 address) {
        for (RegisterWindow& window : windows)
            if (window.address == address) return window;
        std::abort();
    }
    u32 table_word(u32 word) {
        u32 value;
        std::memcpy(&value, window_at(kTableWindow).bytes.data() + 4 * word, 4);
        return value;
    }

    dev::Machine machine;
    LocalResources local;
    PciSegment segment;
    std::deque<RegisterWindow> windows;
    dev::Resources resources;
    dev::ConfigurationSpace space{resources};
    dev::Devices devices;
    Server server{resources, space, devices};
    LocalServer transport{server};
    Client control{transport, dev::Dev::badge_of(dev::Dev::SessionKind::Control, 6)};
};

}  // namespace eft::test
