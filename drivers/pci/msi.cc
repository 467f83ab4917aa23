// The steps of switching messages on and off: see msi.h.
#include <drivers/pci/msi.h>

namespace eft::pci {

namespace {

constexpr u32 kNarrowLength = 10, kWideLength = 14;  // 6.8.1, figure 6-9, without mask bits

}  // namespace

Result<std::optional<MsiCapability>> find_msi(const Configuration& config) {
    EFT_TRY(const std::optional<u8> offset, find_capability(config, CapabilityId::Msi, kNarrowLength));
    if (!offset) return std::optional<MsiCapability>{};
    const bool wide = hw::read<MsiControl>(config.part(*offset)).has<MsiControl::Address64>();
    if (wide && *offset + kWideLength > kConfigurationSize) return Error::BadFormat;
    return std::optional(MsiCapability{*offset, wide});
}

void disable_msi(const Configuration& config, const MsiCapability& msi) {
    hw::modify<MsiControl>(config.part(msi.offset), [](auto control) { return control.template without<MsiControl::Enable>(); });
}

Status set_msi(const Configuration& config, const MsiCapability& msi, u64 address, u32 data) {
    if (data > 0xffff || (!msi.wide && address >> 32 != 0)) return Error::NotSupported;
    disable_msi(config, msi);
    const Configuration capability = config.part(msi.offset);
    const u16 low_data = static_cast<u16>(data);
    hw::write<MsiMessageAddress>(capability, hw::Value<MsiMessageAddress>(static_cast<u32>(address)));
    if (msi.wide) {
        hw::write<MsiMessageUpperAddress>(capability, hw::Value<MsiMessageUpperAddress>(static_cast<u32>(address >> 32)));
        hw::write<MsiMessageDataBehind>(capability, hw::Value<MsiMessageDataBehind>(low_data));
    } else {
        hw::write<MsiMessageData>(capability, hw::Value<MsiMessageData>(low_data));
    }
    hw::modify<MsiControl>(capability,
                           [](auto control) { return control.template with<MsiControl::MultipleMessageEnable>(0).template with<MsiControl::Enable>(); });
    return {};
}

}  // namespace eft::pci
