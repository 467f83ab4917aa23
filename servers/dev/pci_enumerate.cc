// What a function says of itself: see pci_enumerate.h.
#include <servers/dev/pci_enumerate.h>

namespace eft::dev {

FunctionInfo read_function(hw::Mmio config, pci::FunctionAddress address) {
    FunctionInfo info;
    info.address = address;
    info.vendor = hw::read<pci::VendorId>(config).raw();
    info.device = hw::read<pci::DeviceId>(config).raw();
    info.base_class = hw::read<pci::BaseClass>(config).raw();
    info.sub_class = hw::read<pci::SubClass>(config).raw();
    info.programming_interface = hw::read<pci::ProgrammingInterface>(config).raw();
    info.revision = hw::read<pci::RevisionId>(config).raw();
    info.interrupt_pin = hw::read<pci::InterruptPin>(config).raw();
    const auto layout = hw::read<pci::HeaderType>(config).get<pci::HeaderType::Layout>();
    info.is_bridge = layout == pci::kLayoutBridge;
    if (info.is_bridge) {
        info.secondary_bus = hw::read<pci::SecondaryBus>(config).raw();
    } else if (layout == pci::kLayoutDevice) {
        info.subsystem_vendor = hw::read<pci::SubsystemVendorId>(config).raw();
        info.subsystem = hw::read<pci::SubsystemId>(config).raw();
    }
    return info;
}

bool is_present(hw::Mmio config) {
    return hw::read<pci::VendorId>(config).raw() != pci::kNoVendor;
}

}  // namespace eft::dev
