#include <servers/dev/configuration_space.h>

namespace eft::dev {

const EcamRange* ConfigurationSpace::find(u16 segment, u8 bus) const {
    for (const EcamRange& window : windows_) {
        if (window.segment == segment && bus >= window.first_bus && bus <= window.last_bus) return &window;
    }
    return nullptr;
}

// 3.2.2.3.2: the address register keeps what is written to it; ports that nobody has do not.
void ConfigurationSpace::open(const Windows& windows) {
    windows_ = windows;
    const auto enabled = hw::Value<pci::PortAddress>().with<pci::PortAddress::Enable>();
    hw::write<pci::PortAddress>(ports(), enabled);
    has_ports_ = hw::read<pci::PortAddress>(ports()) == enabled;
}

Result<pci::Configuration> ConfigurationSpace::map(pci::FunctionAddress address) {
    if (!covers(address.segment, address.bus)) return Error::OutOfRange;
    if (uses_ports(address.segment)) return pci::Configuration(ports(), address);
    const u64 where = find(address.segment, address.bus)->address + ecam_offset(address);
    EFT_TRY(const hw::Mmio function, memory_.map_registers(where, kPageSize, 0, kPageSize));
    memory_.forget_window(where, kPageSize);  // nobody else gets it: the mapping alone keeps it
    return pci::Configuration(function);
}

void ConfigurationSpace::unmap(const pci::Configuration& function) {
    if (function.in_memory()) memory_.unmap_registers(function.memory());
}

}  // namespace eft::dev
