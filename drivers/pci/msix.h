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

// Nothing if the function has no MSI-X. BadFormat: its capabilities are damaged, or name a BAR that cannot be. That the
// tables fit their BARs is for those to check who know the sizes of the BARs (dev).
Result<std::optional<MsixCapability>> find_msix(const Configuration& config);

// Enables MSI-X with every vector masked by the function mask, or not.
void set_msix(const Configuration& config, const MsixCapability& msix, bool enabled, bool masked);

// No vector sends a message from here on, whether or not MSI-X is in use.
void mask_msix(const Configuration& config, const MsixCapability& msix);

// The mapped table. `index` must be below the capability's `entries`.
void mask_entry(hw::Mmio table, u16 index);

// Points the vector at a message. It is masked while it changes, so that no half message is sent
// (6.8.2: software must not change an entry that is not masked).
void set_entry(hw::Mmio table, u16 index, u64 address, u32 data);

}  // namespace eft::pci
