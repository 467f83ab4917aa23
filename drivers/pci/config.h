// The PCI configuration header, as a function presents it (PCI Local Bus 3.0, chapter 6;
// PCI-to-PCI Bridge 1.2, chapter 3; PCI Express Base, 7.5.1).
// They are reached through a Configuration (configuration.h).
#pragma once

#include <eft/hw/mmio.h>

namespace eft::pci {

using hw::Register;
using hw::RegisterArray;

constexpr u32 kHeaderSize = 0x40;       // capabilities lie above it
constexpr u32 kConfigurationSize = 256;  // the part that every function has
constexpr u32 kExtendedSize = 4096;      // with PCI Express
constexpr u16 kNoVendor = 0xffff;        // what a read of an absent function returns

// Common to all header types: 6.1.
struct VendorId : Register<0x00, u16> {};
struct DeviceId : Register<0x02, u16> {};

struct Command : Register<0x04, u16> {  // 6.2.2
    struct IoSpace : Bitfield<0> {};
    struct MemorySpace : Bitfield<1> {};
    struct BusMaster : Bitfield<2> {};
    struct InterruptDisable : Bitfield<10> {};  // of INTx; MSI is not affected
};
struct DeviceStatus : Register<0x06, u16> {  // 6.2.3
    struct InterruptStatus : Bitfield<3> {};  // it requests, whether or not its pin is disabled
    struct CapabilitiesList : Bitfield<4> {};
};
struct RevisionId : Register<0x08, u8> {};
struct ProgrammingInterface : Register<0x09, u8> {};
struct SubClass : Register<0x0a, u8> {};
struct BaseClass : Register<0x0b, u8> {};
struct CacheLineSize : Register<0x0c, u8> {};
struct HeaderType : Register<0x0e, u8> {
    struct Layout : Bitfield<0, 7> {};
    struct MultiFunction : Bitfield<7> {};
};
constexpr u8 kLayoutDevice = 0;
constexpr u8 kLayoutBridge = 1;
constexpr u8 kClassBridge = 0x06;
constexpr u8 kSubClassHostBridge = 0x00;

struct CapabilitiesPointer : Register<0x34, u8> {};  // 6.7
struct InterruptLine : Register<0x3c, u8> {};
struct InterruptPin : Register<0x3d, u8> {};

// Layout 0: 6.2.5. A layout 1 header has only the first two base address registers.
struct BaseAddress : RegisterArray<0x10, u32, 4> {
    struct IsIo : Bitfield<0> {};
    struct MemoryType : Bitfield<1, 2> {};  // 0: 32 bits, 2: 64 bits
    struct Prefetchable : Bitfield<3> {};
};
constexpr u32 kMemoryType64 = 2;
constexpr u32 kMemoryAddressMask = 0xffff'fff0;
constexpr u32 kIoAddressMask = 0xffff'fffc;
constexpr unsigned kBaseAddresses = 6;
constexpr unsigned kBridgeBaseAddresses = 2;
struct SubsystemVendorId : Register<0x2c, u16> {};
struct SubsystemId : Register<0x2e, u16> {};

// Layout 1: PCI-to-PCI Bridge, 3.2.5.
struct SecondaryBus : Register<0x19, u8> {};
struct SubordinateBus : Register<0x1a, u8> {};

// Where a function sits.
struct FunctionAddress {
    u16 segment = 0;
    u8 bus = 0;
    u8 device = 0;    // 0..31
    u8 function = 0;  // 0..7

    constexpr bool operator==(const FunctionAddress&) const = default;
};

}  // namespace eft::pci
