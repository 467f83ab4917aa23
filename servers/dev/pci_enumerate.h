// Finding PCI functions (PCI Local Bus 3.0, chapter 6; PCI Express Base, 7.2.2 "ECAM").
//
// Firmware has numbered the buses; dev follows the bridges it set up. A bridge that was not set up,
// or that leads to a bus that was visited before, is passed over and counted: numbers that a
// device can write must not lead in circles.
#pragma once

#include <drivers/pci/config.h>
#include <eft/abi/result.h>

#include <array>
#include <concepts>

namespace eft::dev {

// The configuration space of one function, 4 KiB of it. An error if no window covers that bus.
template <class C>
concept ConfigurationSpace = requires(C& space, pci::FunctionAddress address) {
    { space.function(address) } -> std::same_as<Result<hw::Mmio>>;
};

// Where a function lies in an ECAM window: 7.2.2, table 7-1.
constexpr u64 ecam_offset(pci::FunctionAddress address) {
    return u64{address.bus} << 20 | u64{address.device} << 15 | u64{address.function} << 12;
}

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

struct Enumerated {
    u32 functions = 0;
    u32 passed_over = 0;  // bridges that lead nowhere, or where we have been
};

constexpr u8 kDevicesPerBus = 32;
constexpr u8 kFunctionsPerDevice = 8;

// Of a function that is present.
FunctionInfo read_function(hw::Mmio config, pci::FunctionAddress address);
bool is_present(hw::Mmio config);

// Calls `visit(const FunctionInfo&)`, which answers Status, for every function that can be reached
// from `root_bus`, buses in the order in which their bridges are found. An error of `visit`, or of
// the space on the root bus, ends the walk.
template <ConfigurationSpace C, class Visit>
Result<Enumerated> enumerate(C& space, u16 segment, u8 root_bus, Visit visit) {
    Enumerated result;
    std::array<bool, 256> seen{};
    std::array<u8, 256> waiting;  // each bus enters once, so it cannot overflow
    unsigned first = 0, count = 0;
    seen[root_bus] = true;
    waiting[count++] = root_bus;

    while (first != count) {
        const u8 bus = waiting[first++];
        for (u8 device = 0; device < kDevicesPerBus; ++device) {
            u8 functions = 1;  // until function 0 says that there are more
            for (u8 function = 0; function < functions; ++function) {
                const pci::FunctionAddress address{segment, bus, device, function};
                EFT_TRY(const hw::Mmio config, space.function(address));
                if (!is_present(config)) continue;
                if (function == 0 &&
                    hw::read<pci::HeaderType>(config).has<pci::HeaderType::MultiFunction>())
                    functions = kFunctionsPerDevice;

                const FunctionInfo info = read_function(config, address);
                ++result.functions;
                EFT_CHECK(visit(info));
                if (!info.is_bridge) continue;
                const u8 secondary = info.secondary_bus;
                const bool reachable =
                    secondary > bus && !seen[secondary] &&
                    space.function({segment, secondary, 0, 0}).ok();
                if (!reachable) {
                    ++result.passed_over;
                    continue;
                }
                seen[secondary] = true;
                waiting[count++] = secondary;
            }
        }
    }
    return result;
}

}  // namespace eft::dev
