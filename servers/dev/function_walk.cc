#include <servers/dev/function_walk.h>

#include <utility>

namespace eft::dev {
namespace {

constexpr u8 kDevicesPerBus = 32;
constexpr u8 kFunctionsPerDevice = 8;

FunctionInfo read_function(const pci::Configuration& config, pci::FunctionAddress address) {
    FunctionInfo info;
    info.address = address;
    info.vendor = hw::read<pci::VendorId>(config).raw();
    info.device = hw::read<pci::DeviceId>(config).raw();
    info.base_class = hw::read<pci::BaseClass>(config).raw();
    info.sub_class = hw::read<pci::SubClass>(config).raw();
    info.programming_interface = hw::read<pci::ProgrammingInterface>(config).raw();
    info.revision = hw::read<pci::RevisionId>(config).raw();
    info.interrupt_pin = hw::read<pci::InterruptPin>(config).raw();
    info.interrupt_line = hw::read<pci::InterruptLine>(config).raw();
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

bool is_present(const pci::Configuration& config) { return hw::read<pci::VendorId>(config).raw() != pci::kNoVendor; }

}  // namespace

Result<std::optional<FunctionInfo>> FunctionWalk::next() {
    while (bus_ != bus_count_ || find_root()) {
        const pci::FunctionAddress address{segment_, buses_[bus_], device_, function_};
        unmap();
        EFT_TRY(configuration_, space_.map(address));
        const bool present = is_present(*configuration_);
        if (present && function_ == 0 && hw::read<pci::HeaderType>(*configuration_).has<pci::HeaderType::MultiFunction>())
            functions_ = kFunctionsPerDevice;
        step();
        if (!present) continue;
        FunctionInfo info = read_function(*configuration_, address);
        info.root_bus = root_;
        if (info.is_bridge) follow(info);
        return std::optional(info);
    }
    unmap();
    return std::optional<FunctionInfo>();
}

bool FunctionWalk::find_root() {
    for (; next_root_ < kBuses; ++next_root_) {
        const u8 bus = static_cast<u8>(next_root_);
        if (!possible_roots_[bus] || seen_[bus] || !space_.covers(segment_, bus)) continue;
        visit(root_ = bus);
        return true;
    }
    return false;
}

// To the next place where a function can be.
void FunctionWalk::step() {
    if (++function_ < functions_) return;
    function_ = 0;
    functions_ = 1;
    if (++device_ < kDevicesPerBus) return;
    device_ = 0;
    ++bus_;
}

void FunctionWalk::follow(const FunctionInfo& bridge) {
    const u8 secondary = bridge.secondary_bus;
    if (secondary <= bridge.address.bus || seen_[secondary] || !space_.covers(segment_, secondary)) {
        ++passed_over_;
        return;
    }
    visit(secondary);
}

void FunctionWalk::visit(u8 bus) {
    seen_[bus] = true;
    buses_[bus_count_++] = bus;
}

void FunctionWalk::unmap() {
    if (configuration_) space_.unmap(*configuration_);
    configuration_.reset();
}

}  // namespace eft::dev
