// What stands in for dev's Resources (servers/dev/resources.h) in host tests: capabilities that are counted, physical
// addresses that are those of the device models, memory with firmware tables.
#pragma once

#include <devices/pci_segment.h>
#include <servers/dev/resources.h>

#include <eft/ipc/local_caps.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace eft::test {

// The registers of one window, at a physical address.
class RegisterWindow final : public host::DeviceModel {
public:
    RegisterWindow(u64 physical, u64 length) : address(physical), bytes(length), window_(*this, host::DeviceSpace::Memory, physical, length) {}

    u64 address;
    std::vector<u8> bytes;
    bool stuck_in_reset = false;  // a virtio status register that never reads 0

private:
    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;

    host::DeviceWindow window_;
};

// What every Resources finds and leaves while this lives; there is one at a time.
struct LocalResources {
    LocalResources();
    ~LocalResources();
    LocalResources(const LocalResources&) = delete;
    LocalResources& operator=(const LocalResources&) = delete;

    // Of a capability that was made, by what it is.
    static constexpr u64 kSession = 1'000'000, kInterrupt = 2'000'000, kPorts = 3'000'000, kWindow = 4'000'000;

    std::set<std::pair<u64, u64>> objects;  // address and bytes of those that mem knows
    int mapped = 0;
    std::map<u64, int> pins;  // object -> count
    std::map<u64, u32> object_pages;
    std::vector<u64> revoked;
    std::map<u32, std::pair<bool, bool>> line_modes;

    u64 firmware_address = 0;
    std::vector<std::byte> firmware;
    unsigned tables_read = 0;
    // Each mapping has a copy of its own, so that using it after its end is caught.
    std::map<const std::byte*, std::unique_ptr<std::byte[]>> tables;
};

}  // namespace eft::test
