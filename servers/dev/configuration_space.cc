#include <servers/dev/configuration_space.h>

namespace eft::dev {

const EcamRange* ConfigurationSpace::find(u16 segment, u8 bus) const {
    for (const EcamRange& window : windows_) {
        if (window.segment == segment && bus >= window.first_bus && bus <= window.last_bus) return &window;
    }
    return nullptr;
}

Result<hw::Mmio> ConfigurationSpace::map(pci::FunctionAddress address) {
    const EcamRange* window = find(address.segment, address.bus);
    if (!window) return Error::OutOfRange;
    const u64 where = window->address + ecam_offset(address);
    EFT_TRY(const hw::Mmio function, resources_.map_registers(where, kPageSize, 0, kPageSize));
    resources_.forget_window(where, kPageSize);  // nobody else gets it: the mapping alone keeps it
    return function;
}

}  // namespace eft::dev
