// Finding PCI functions (PCI Local Bus 3.0, chapter 6).
//
// Firmware has numbered the buses; dev follows the bridges that it has set up. A bridge that was not set up,
// or that leads to a bus that was visited before, is passed over and counted: numbers that a
// device can write must not lead in circles.
#pragma once

#include <servers/dev/configuration_space.h>

#include <array>
#include <optional>

namespace eft::dev {

struct FunctionInfo {
    pci::FunctionAddress address;
    u16 vendor = 0;
    u16 device = 0;
    u16 subsystem_vendor = 0;
    u16 subsystem = 0;
    u8 base_class = 0;
    u8 sub_class = 0;
    u8 programming_interface = 0;
    u8 revision = 0;
    bool is_bridge = false;
    u8 secondary_bus = 0;   // bridges only
    u8 interrupt_pin = 0;   // 0: none, 1: INTA...
};

// Every function that can be reached from a root bus, buses in the order in which their bridges are found.
//
//     FunctionWalk walk(space, segment, root_bus);
//     for (;;) {
//         EFT_TRY(const auto function, walk.next());
//         if (!function) break;
//         ...
//     }
class FunctionWalk {
public:
    FunctionWalk(ConfigurationSpace& space, u16 segment, u8 root_bus);
    ~FunctionWalk() { unmap(); }
    FunctionWalk(const FunctionWalk&) = delete;
    FunctionWalk& operator=(const FunctionWalk&) = delete;

    // None: that were all. OutOfRange: no window covers the root bus; or an error of mem. No call may follow either.
    Result<std::optional<FunctionInfo>> next();
    // Of the function that next() answered last, until the next call.
    hw::Mmio configuration() const { return *configuration_; }
    u32 passed_over() const { return passed_over_; }  // bridges that lead nowhere, or where the walk has been

private:
    void follow(const FunctionInfo& bridge);
    void step();
    void unmap();

    ConfigurationSpace& space_;
    u16 segment_;
    std::array<bool, 256> seen_{};
    std::array<u8, 256> buses_;  // each enters once, so it cannot overflow
    unsigned bus_ = 0, bus_count_ = 0;  // the one that is visited; those that are known
    u8 device_ = 0, function_ = 0;
    u8 functions_ = 1;  // of this device, until function 0 says that there are more
    std::optional<hw::Mmio> configuration_;
    u32 passed_over_ = 0;
};

}  // namespace eft::dev
