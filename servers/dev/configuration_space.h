// The configuration spaces of PCI functions, by the ECAM windows that ACPI names (PCI Express Base, 7.2.2).
#pragma once

#include <drivers/pci/config.h>
#include <servers/dev/resources.h>

namespace eft::dev {

// Where a function lies in an ECAM window: 7.2.2, table 7-1.
constexpr u64 ecam_offset(pci::FunctionAddress address) {
    return u64{address.bus} << 20 | u64{address.device} << 15 | u64{address.function} << 12;
}

class ConfigurationSpace {
public:
    explicit ConfigurationSpace(Resources& resources) : resources_(resources) {}
    void set_windows(const BoundedList<EcamRange, 8>& windows) { windows_ = windows; }
    // Whether a window has this bus.
    bool covers(u16 segment, u8 bus) const { return find(segment, bus) != nullptr; }

    // The 4 KiB of one function, mapped until unmap(). An absent one reads as all ones. OutOfRange: no window covers it.
    Result<hw::Mmio> map(pci::FunctionAddress address);
    void unmap(hw::Mmio function) { resources_.unmap_registers(function); }

private:
    const EcamRange* find(u16 segment, u8 bus) const;

    Resources& resources_;
    BoundedList<EcamRange, 8> windows_;
};

}  // namespace eft::dev
