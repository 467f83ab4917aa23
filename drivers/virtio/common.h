// The common configuration structure of a virtio device on PCI (Virtual I/O Device 1.2, 4.1.4.3),
// and the device reset, which dev needs as well when a driver has died.
#pragma once

#include <eft/hw/mmio.h>
#include <eft/hw/wait.h>

namespace eft::virtio {

using hw::Register;

struct DeviceFeatureSelect : Register<0x00, u32> {};
struct DeviceFeature : Register<0x04, u32> {};
struct DriverFeatureSelect : Register<0x08, u32> {};
struct DriverFeature : Register<0x0c, u32> {};
struct ConfigVector : Register<0x10, u16> {};
struct QueueCount : Register<0x12, u16> {};
struct DeviceStatus : Register<0x14, u8> {  // 2.1
    struct Acknowledge : Bitfield<0> {};
    struct Driver : Bitfield<1> {};
    struct DriverOk : Bitfield<2> {};
    struct FeaturesOk : Bitfield<3> {};
    struct NeedsReset : Bitfield<6> {};
    struct Failed : Bitfield<7> {};
};
struct ConfigGeneration : Register<0x15, u8> {};
struct QueueSelect : Register<0x16, u16> {};
struct QueueSize : Register<0x18, u16> {};
struct QueueVector : Register<0x1a, u16> {};
struct QueueEnable : Register<0x1c, u16> {};
struct QueueNotifyOffset : Register<0x1e, u16> {};
// 64-bit fields are written as two halves of 32 bits (4.1.3.1).
struct QueueDescriptorsLow : Register<0x20, u32> {};
struct QueueDescriptorsHigh : Register<0x24, u32> {};
struct QueueDriverLow : Register<0x28, u32> {};
struct QueueDriverHigh : Register<0x2c, u32> {};
struct QueueDeviceLow : Register<0x30, u32> {};
struct QueueDeviceHigh : Register<0x34, u32> {};
constexpr u32 kCommonLength = 0x38;

// The interrupt status structure, of a device that interrupts by its line: reading takes the request back (4.1.4.5).
struct InterruptStatus : Register<0x00, u8> {
    struct Queue : Bitfield<0> {};
    struct Configuration : Bitfield<1> {};
};

constexpr u16 kNoVector = 0xffff;  // 4.1.5.1.2: not connected to an interrupt

// Device reset (2.4.1, 4.1.4.3.2): when status reads 0 the device has stopped touching memory. Only
// then may the memory it knew be used for something else. TimedOut: it has not answered within so many looks.
Status reset_device(hw::Mmio common, hw::Looks looks);

}  // namespace eft::virtio
