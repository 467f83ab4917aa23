// Finding PCI functions (PCI Local Bus 3.0, chapter 6).
//
// Firmware has numbered the buses; dev follows the bridges that it has set up. A bridge that was not set up, or that leads
// to a bus that was visited before, is passed over and counted: numbers that a device can write must not lead in circles.
//
// A machine can have several root buses (a processor socket each; QEMU's pxb-pcie), which no bridge leads to. Only ACPI's
// programs name them. Where it cannot be seen in these which they are, every bus that no bridge has led to is looked at as
// one, which takes 8000 looks.
#pragma once

#include <servers/dev/acpi_tables.h>
#include <servers/dev/configuration_space.h>

#include <array>
#include <optional>

namespace eft::dev {

struct FunctionInfo {
    pci::FunctionAddress address;
    u8 root_bus = 0;  // that it was reached from
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
    u8 interrupt_line = 0;  // as firmware has left it
};

// Every function of a segment: root buses in the order of their numbers, and after each, in the order in which the bridges
// are found, the buses behind it.
//
//     FunctionWalk walk(space, segment, machine.possible_roots);
//     for (;;) {
//         EFT_TRY(const auto function, walk.next());
//         if (!function) break;
//         ...
//     }
class FunctionWalk {
public:
    FunctionWalk(ConfigurationSpace& space, u16 segment, const PciBuses& possible_roots)
        : space_(space), segment_(segment), possible_roots_(possible_roots) {}
    ~FunctionWalk() { unmap(); }
    FunctionWalk(const FunctionWalk&) = delete;
    FunctionWalk& operator=(const FunctionWalk&) = delete;

    // None: that were all. Or an error of mem. No call may follow either.
    Result<std::optional<FunctionInfo>> next();
    // Of the function that next() answered last, until the next call.
    pci::Configuration configuration() const { return *configuration_; }
    u32 passed_over() const { return passed_over_; }  // bridges that lead nowhere, or where the walk has been

private:
    static constexpr unsigned kBuses = 256;

    bool find_root();
    void follow(const FunctionInfo& bridge);
    void visit(u8 bus);
    void step();
    void unmap();

    ConfigurationSpace& space_;
    u16 segment_;
    PciBuses possible_roots_;
    std::array<bool, kBuses> seen_{};
    std::array<u8, kBuses> buses_{};  // each enters once, so it cannot overflow
    u8 root_ = 0;  // of the bus that is visited
    unsigned next_root_ = 0;  // all buses below were seen, or cannot be reached
    unsigned bus_ = 0, bus_count_ = 0;  // the one that is visited; those that are known
    u8 device_ = 0, function_ = 0;
    u8 functions_ = 1;  // of this device, until function 0 says that there are more
    std::optional<pci::Configuration> configuration_;
    u32 passed_over_ = 0;
};

}  // namespace eft::dev
