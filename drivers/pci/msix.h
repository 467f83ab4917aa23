// Message-signalled interrupts, extended (PCI Local Bus 3.0, 6.8.2 and 6.8.3).
//
// The capability says where the table lies; the table says which message each vector sends. Only
// dev maps the table: who can write it can send any interrupt to any core.
#pragma once

#include <drivers/pci/capability.h>

namespace eft::pci {

struct MsixControl : Register<2, u16> {  // 6.8.2.3
    struct TableSize : Bitfield<0, 11> {};  // number of entries less one
    struct FunctionMask : Bitfield<14> {};
    struct Enable : Bitfield<15> {};
};
struct MsixTableLocation : Register<4, u32> {  // 6.8.2.4
    struct BarIndex : Bitfield<0, 3> {};
};
struct MsixPendingLocation : Register<8, u32> {  // 6.8.2.5
    struct BarIndex : Bitfield<0, 3> {};
};
constexpr u32 kMsixOffsetMask = 0xffff'fff8;

// One table entry: 6.8.2.6 to 6.8.2.9.
constexpr u32 kMsixEntrySize = 16;
struct MsixMessageAddress : RegisterArray<0, u32, kMsixEntrySize> {};
struct MsixMessageUpperAddress : RegisterArray<4, u32, kMsixEntrySize> {};
struct MsixMessageData : RegisterArray<8, u32, kMsixEntrySize> {};
struct MsixVectorControl : RegisterArray<12, u32, kMsixEntrySize> {
    struct Mask : Bitfield<0> {};
};

struct MsixCapability {
    u8 offset = 0;     // of the capability in the configuration space
    u16 entries = 0;   // 1..2048
    u8 table_bar = 0;  // 0..5
    u32 table_offset = 0;
    u8 pending_bar = 0;
    u32 pending_offset = 0;

    u32 table_length() const { return entries * kMsixEntrySize; }
    u32 pending_length() const { return (entries + 63u) / 64 * 8; }
};

// Nothing if the function has no MSI-X. That the tables fit their BARs is for those to check who
// know the sizes of the BARs (dev).
template <hw::RegisterReader Config>
Result<std::optional<MsixCapability>> find_msix(Config config) {
    EFT_TRY(const std::optional<u8> offset, find_capability(config, CapabilityId::MsiX));
    if (!offset) return std::optional<MsixCapability>{};

    hw::Shifted<Config> capability(config, *offset);
    const auto table = hw::read<MsixTableLocation>(capability);
    const auto pending = hw::read<MsixPendingLocation>(capability);
    MsixCapability msix;
    msix.offset = *offset;
    msix.entries = static_cast<u16>(
        hw::read<MsixControl>(capability).template get<MsixControl::TableSize>() + 1);
    msix.table_bar = static_cast<u8>(table.template get<MsixTableLocation::BarIndex>());
    msix.table_offset = table.raw() & kMsixOffsetMask;
    msix.pending_bar = static_cast<u8>(pending.template get<MsixPendingLocation::BarIndex>());
    msix.pending_offset = pending.raw() & kMsixOffsetMask;
    if (msix.table_bar >= kBaseAddresses || msix.pending_bar >= kBaseAddresses)
        return Error::BadFormat;
    return std::optional(msix);
}

// Enables MSI-X with every vector masked by the function mask, or not.
template <hw::RegisterAccess Config>
void set_msix(Config config, const MsixCapability& msix, bool enabled, bool masked) {
    hw::Shifted<Config> capability(config, msix.offset);
    hw::modify<MsixControl>(capability, [&](auto control) {
        return control.template with<MsixControl::Enable>(enabled)
            .template with<MsixControl::FunctionMask>(masked);
    });
}

// No vector sends a message from here on, whether or not MSI-X is in use.
template <hw::RegisterAccess Config>
void mask_msix(Config config, const MsixCapability& msix) {
    hw::Shifted<Config> capability(config, msix.offset);
    hw::modify<MsixControl>(capability, [](auto control) {
        return control.template with<MsixControl::FunctionMask>();
    });
}

// The mapped table. `index` must be below the capability's `entries`.
template <hw::RegisterAccess Table>
void mask_entry(Table table, u16 index) {
    hw::modify<MsixVectorControl>(
        table, [](auto control) { return control.template with<MsixVectorControl::Mask>(); },
        u32{index});
}

// Points the vector at a message. It is masked while it changes, so that no half message is sent
// (6.8.2: software must not change an entry that is not masked).
template <hw::RegisterAccess Table>
void set_entry(Table table, u16 index, u64 address, u32 data) {
    const u32 entry = index;
    mask_entry(table, index);
    hw::write<MsixMessageAddress>(table, hw::Value<MsixMessageAddress>(static_cast<u32>(address)),
                                  entry);
    hw::write<MsixMessageUpperAddress>(
        table, hw::Value<MsixMessageUpperAddress>(static_cast<u32>(address >> 32)), entry);
    hw::write<MsixMessageData>(table, hw::Value<MsixMessageData>(data), entry);
    hw::modify<MsixVectorControl>(
        table, [](auto control) { return control.template without<MsixVectorControl::Mask>(); },
        entry);
}

}  // namespace eft::pci
