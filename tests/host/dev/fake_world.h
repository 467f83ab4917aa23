// The machine around dev in software: functions with registers in memory, capabilities that are counted, pins.
#pragma once

#include <devices/pci_segment.h>
#include <servers/dev/server.h>

#include <eft/ipc/local_caps.h>

#include <cstring>
#include <deque>
#include <set>
#include <vector>

namespace eft::test {

// The registers of one window, at a physical address.
class FakeWindow final : public host::DeviceModel {
public:
    FakeWindow(u64 physical, u64 length) : address(physical), bytes(length), window_(*this, host::DeviceSpace::Memory, physical, length) {}

    u64 address;
    std::vector<u8> bytes;
    bool stuck_in_reset = false;  // a virtio status register that never reads 0

private:
    u64 read(u64 offset, unsigned width) override {
        u64 value = 0;
        std::memcpy(&value, &bytes.at(offset), width);
        return stuck_in_reset && offset == 0x14 && width == 1 ? value | 1 : value;
    }
    void write(u64 offset, unsigned width, u64 value) override { std::memcpy(&bytes.at(offset), &value, width); }

    host::DeviceWindow window_;
};

class FakeWorld {
public:
    PciSegment space;
    std::deque<FakeWindow> windows;
    std::set<std::pair<u64, u64>> objects;  // ranges that were named
    std::set<std::pair<u64, u64>> forgotten;
    int mapped = 0;
    std::map<u64, int> pins;  // object -> count
    std::map<u64, u32> object_pages;
    std::vector<u64> revoked;
    std::map<u32, std::pair<bool, bool>> line_modes;

    static constexpr u64 kSession = 1'000'000, kInterrupt = 2'000'000, kPorts = 3'000'000, kWindow = 4'000'000;

    Result<hw::Mmio> function(pci::FunctionAddress address) { return space.function(address); }
    Result<hw::Mmio> map_registers(u64 address, u64 whole, u64 offset, u64 bytes) {
        CHECK(address % kPageSize == 0);
        CHECK(offset + bytes <= whole);
        objects.insert({address, whole});
        ++mapped;
        for (FakeWindow& window : windows)
            if (address >= window.address && address + offset + bytes <= window.address + window.bytes.size())
                return hw::Mmio(reinterpret_cast<volatile void*>(address + offset), bytes);
        return Error::OutOfRange;
    }
    void unmap_registers(hw::Mmio&) { --mapped; }
    Result<Slot> window(u64 address, u64 bytes) {
        objects.insert({address, bytes});
        return ipc::local_caps().create(kWindow + address);
    }
    void forget_window(u64 address, u64 bytes) { forgotten.insert({address, bytes}); }

    Result<Slot> make_session(u64 badge) { return ipc::local_caps().create(kSession + badge); }
    Result<Slot> make_interrupt(u32 number) { return ipc::local_caps().create(kInterrupt + number); }
    Result<Slot> make_ports(u16 first, u16 count) { return ipc::local_caps().create(kPorts + first * 100 + count); }
    Result<Slot> copy(Slot parent) { return ipc::local_caps().derive(parent); }
    void revoke(Slot parent) {
        revoked.push_back(ipc::local_caps().object(parent));
        ipc::local_caps().drop(parent);
    }
    void drop(Slot slot) { ipc::local_caps().drop(slot); }

    Result<dev::Message> message(u32 number) { return dev::Message{0xfee0'0000, 0x40 + number}; }
    Status set_line_mode(u32 line, bool level, bool active_low) {
        line_modes[line] = {level, active_low};
        return {};
    }

    Status pin(Slot slot) {
        ++pins[ipc::local_caps().object(slot)];
        return {};
    }
    void unpin(Slot slot) { --pins[ipc::local_caps().object(slot)]; }
    Result<u32> pages(Slot slot, u32 first, std::span<u64> addresses) {
        const auto found = object_pages.find(ipc::local_caps().object(slot));
        if (found == object_pages.end()) return Error::InvalidArgument;
        if (first > found->second) return Error::OutOfRange;
        for (std::size_t i = 0; i < addresses.size() && first + i < found->second; ++i) addresses[i] = (first + i) * kPageSize + 0x10'0000;
        return found->second;
    }
};
static_assert(dev::World<FakeWorld>);

}  // namespace eft::test
