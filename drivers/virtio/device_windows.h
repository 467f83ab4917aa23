// From the device that dev assigned to one that can be started: the windows that its capabilities name
// (Virtual I/O Device 1.2, 4.1.4), mapped.
#pragma once

#include <drivers/service/device.h>
#include <drivers/virtio/layout.h>
#include <drivers/virtio/transport.h>

namespace eft::virtio {

// A device that can be started.
struct OpenedDevice {
    Windows windows;
    hw::DmaMemory memory;
    Vectors vectors;
};

// The mappings last as long as this.
class DeviceWindows {
public:
    // With so many bytes of DMA memory, its interrupts connected and bus mastering enabled. Errors: of dev; those of
    // find_layout(), and NotSupported also where dev keeps a structure's page for itself.
    Result<OpenedDevice> open(driver::Device& device, u64 memory_bytes);

private:
    Result<Windows> find(driver::Device& device, const pci::Configuration& configuration);
    Result<hw::Mmio> registers(const Region& region) { return windows_[region.bar].registers(region.offset, region.length); }

    std::array<driver::Window, pci::kBaseAddresses> windows_;
};

}  // namespace eft::virtio
