// The machine around dev in software: functions with registers in memory, capabilities that are counted, pins.
#pragma once

#include "../pci/fake_pci.h"

#include <servers/dev/server.h>

#include <eft/ipc/local_caps.h>

#include <set>
#include <vector>

namespace eft::test {

// The registers of one window, at a physical address.
struct FakeWindow {
    u64 address = 0;
    std::vector<u8> bytes;
    bool stuck_in_reset = false;  // a virtio status register that never reads 0
};

class FakeWorld {
public:
    struct Registers {
        FakeSpace::Function function{};
        FakeWindow* window = nullptr;
        u64 offset = 0;
        template <hw::RegisterWord W>
        W read(u32 at) {
            if (!window) return function.read<W>(at);
            W value{};
            std::memcpy(&value, &window->bytes.at(offset + at + sizeof(W) - 1) - (sizeof(W) - 1), sizeof(W));
            if (window->stuck_in_reset && at == 0x14 && sizeof(W) == 1) return static_cast<W>(value | 1);
            return value;
        }
        template <hw::RegisterWord W>
        void write(u32 at, W value) {
            if (!window) return function.write<W>(at, value);
            std::memcpy(&window->bytes.at(offset + at + sizeof(W) - 1) - (sizeof(W) - 1), &value, sizeof(W));
        }
    };

    FakeSpace space;
    std::vector<FakeWindow> windows;
    std::set<std::pair<u64, u64>> objects;  // ranges that were named
    std::set<std::pair<u64, u64>> forgotten;
    int mapped = 0;
    std::map<u64, int> pins;  // object -> count
    std::map<u64, u32> object_pages;
    std::vector<u64> revoked;
    std::map<u32, std::pair<bool, bool>> line_modes;

    static constexpr u64 kSession = 1'000'000, kInterrupt = 2'000'000, kPorts = 3'000'000, kWindow = 4'000'000;

    Result<Registers> function(pci::FunctionAddress address) {
        EFT_TRY(const auto function, space.function(address));
        return Registers{function, nullptr, 0};
    }
    Result<Registers> map_registers(u64 address, u64 whole, u64 offset, u64 bytes) {
        CHECK(address % kPageSize == 0);
        CHECK(offset + bytes <= whole);
        objects.insert({address, whole});
        ++mapped;
        for (FakeWindow& window : windows)
            if (address >= window.address && address + offset + bytes <= window.address + window.bytes.size())
                return Registers{{}, &window, address - window.address + offset};
        return Error::OutOfRange;
    }
    void unmap_registers(Registers&) { --mapped; }
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
