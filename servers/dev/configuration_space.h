// The configuration spaces of PCI functions: by I/O ports, which nearly every PC has and which need no mapping; and by the ECAM windows that ACPI names (PCI Express Base, 7.2.2) what no port reaches: other
// segments, and all of a machine that has windows only.
#pragma once

#include <drivers/pci/configuration.h>
#include <servers/dev/physical_memory.h>

#include <optional>

namespace eft::dev {

// Where a function lies in an ECAM window: 7.2.2, table 7-1.
constexpr u64 ecam_offset(pci::FunctionAddress address) {
    return u64{address.bus} << 20 | u64{address.device} << 15 | u64{address.function} << 12;
}

class ConfigurationSpace {
public:
    using Windows = BoundedList<EcamRange, 8>;

    // `ports`: a capability to kPciConfigurationPorts.
    ConfigurationSpace(PhysicalMemory& memory, Slot ports) : memory_(memory), ports_(ports) {}
    // Before anything else. Where there are neither ports nor windows, no bus is covered.
    void open(const Windows& windows);
    const Windows& windows() const { return windows_; }
    // Whether functions of this bus can be reached.
    bool covers(u16 segment, u8 bus) const { return uses_ports(segment) || find(segment, bus) != nullptr; }

    // Of one function, until unmap(). An absent one reads as all ones. OutOfRange: its bus is not covered; or an error of mem.
    Result<pci::Configuration> map(pci::FunctionAddress address);
    void unmap(const pci::Configuration& function);

private:
    const EcamRange* find(u16 segment, u8 bus) const;
    bool uses_ports(u16 segment) const { return has_ports_ && segment == 0; }
    hw::Ports ports() const { return {ports_, pci::kAddressPort, pci::kPortCount}; }

    PhysicalMemory& memory_;
    Slot ports_;
    Windows windows_;
    bool has_ports_ = false;
};

}  // namespace eft::dev
