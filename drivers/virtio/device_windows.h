// From the device that dev assigned to one that can be started: the windows that its capabilities name
// (Virtual I/O Device 1.2, 4.1.4), mapped.
#pragma once

#include <drivers/service/device.h>
#include <drivers/virtio/layout.h>
#include <drivers/virtio/transport.h>

namespace eft::virtio {

// The mappings last as long as this.
class DeviceWindows {
public:
    // `configuration`: a copy, pci::kConfigurationSize bytes long. Errors as of find_layout(); NotSupported also where dev
    // keeps a structure's page for itself.
    Result<Windows> open(driver::Device& device, const pci::Configuration& configuration);

private:
    Result<hw::Mmio> registers(const Region& region) { return windows_[region.bar].registers(region.offset, region.length); }

    std::array<driver::Window, pci::kBaseAddresses> windows_;
};

}  // namespace eft::virtio
