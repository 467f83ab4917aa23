// The capability, and the entries of the table: see msix.h.
#include <drivers/pci/msix.h>

namespace eft::pci {

namespace {

constexpr u32 kLength = 12;  // 6.8.2, figure 6-11

}  // namespace

Result<std::optional<MsixCapability>> find_msix(const Configuration& config) {
    EFT_TRY(const std::optional<u8> offset, find_capability(config, CapabilityId::MsiX, kLength));
    if (!offset) return std::optional<MsixCapability>{};

    const Configuration capability = config.part(*offset);
    const auto table = hw::read<MsixTableLocation>(capability);
    const auto pending = hw::read<MsixPendingLocation>(capability);
    MsixCapability msix;
    msix.offset = *offset;
    msix.entries = static_cast<u16>(hw::read<MsixControl>(capability).get<MsixControl::TableSize>() + 1);
    msix.table_bar = static_cast<u8>(table.get<MsixTableLocation::BarIndex>());
    msix.table_offset = table.raw() & kMsixOffsetMask;
    msix.pending_bar = static_cast<u8>(pending.get<MsixPendingLocation::BarIndex>());
    msix.pending_offset = pending.raw() & kMsixOffsetMask;
    if (msix.table_bar >= kBaseAddresses || msix.pending_bar >= kBaseAddresses) return Error::BadFormat;
    return std::optional(msix);
}

void set_msix(const Configuration& config, const MsixCapability& msix, bool enabled, bool masked) {
    hw::modify<MsixControl>(config.part(msix.offset), [&](auto control) {
        return control.template with<MsixControl::Enable>(enabled).template with<MsixControl::FunctionMask>(masked);
    });
}

void mask_msix(const Configuration& config, const MsixCapability& msix) {
    hw::modify<MsixControl>(config.part(msix.offset), [](auto control) { return control.template with<MsixControl::FunctionMask>(); });
}

void mask_entry(hw::Mmio table, u16 index) {
    hw::modify<MsixVectorControl>(table, [](auto control) { return control.template with<MsixVectorControl::Mask>(); }, u32{index});
}

void set_entry(hw::Mmio table, u16 index, u64 address, u32 data) {
    const u32 entry = index;
    mask_entry(table, index);
    hw::write<MsixMessageAddress>(table, hw::Value<MsixMessageAddress>(static_cast<u32>(address)), entry);
    hw::write<MsixMessageUpperAddress>(table, hw::Value<MsixMessageUpperAddress>(static_cast<u32>(address >> 32)), entry);
    hw::write<MsixMessageData>(table, hw::Value<MsixMessageData>(data), entry);
    hw::modify<MsixVectorControl>(table, [](auto control) { return control.template without<MsixVectorControl::Mask>(); }, entry);
}

}  // namespace eft::pci
