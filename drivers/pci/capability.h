// The capability list of a function (PCI Local Bus 3.0, 6.7).
//
// A linked list in the device's own bytes, so it may point anywhere: entries lie in
// [0x40, 0x100), each is visited once, and a list that leaves the range or meets itself is refused.
#pragma once

#include <drivers/pci/configuration.h>
#include <eft/abi/result.h>

#include <optional>

namespace eft::pci {

enum class CapabilityId : u8 {
    Msi = 0x05,      // PCI Local Bus 3.0, 6.8.1
    Vendor = 0x09,   // virtio's structures are vendor capabilities
    Express = 0x10,  // PCI Express Base, 7.5.3
    MsiX = 0x11,     // PCI Local Bus 3.0, 6.8.2
};

// The header that every capability starts with.
struct CapabilityHeader : Register<0, u16> {
    struct Id : Bitfield<0, 8> {};
    struct Next : Bitfield<8, 8> {};
};

constexpr u8 kCapabilityAlignment = 4;

// Calls `visit(CapabilityId, u8 offset)` for each capability in list order, until it returns false.
// BadFormat: the list is damaged.
template <class Visit>
Status walk_capabilities(const Configuration& config, Visit visit) {
    if (!hw::read<DeviceStatus>(config).has<DeviceStatus::CapabilitiesList>()) return {};

    u64 visited = 0;  // one bit per aligned offset: 256 / 4 of them
    u8 offset = hw::read<CapabilitiesPointer>(config).raw();
    while (true) {
        offset = static_cast<u8>(offset & ~(kCapabilityAlignment - 1));  // 6.7: the low bits are reserved
        if (offset == 0) return {};
        if (offset < kHeaderSize) return Error::BadFormat;
        const u64 bit = 1ull << (offset / kCapabilityAlignment);
        if (visited & bit) return Error::BadFormat;
        visited |= bit;

        const auto header = hw::read<CapabilityHeader>(config.part(offset));
        if (!visit(static_cast<CapabilityId>(header.get<CapabilityHeader::Id>()), offset)) return {};
        offset = static_cast<u8>(header.get<CapabilityHeader::Next>());
    }
}

// The offset of the first capability of that kind, which has `length` bytes; nothing if the function has none.
// BadFormat: the list is damaged, or the capability leaves the configuration space.
Result<std::optional<u8>> find_capability(const Configuration& config, CapabilityId wanted, u32 length);

}  // namespace eft::pci
