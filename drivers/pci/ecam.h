// Where the configuration space of a function lies in memory (PCI Express Base, 7.2.2), and how it is reached once its
// page is mapped. For dev: drivers get a copy of their configuration space, never the space itself.
#pragma once

#include <drivers/pci/config.h>
#include <eft/hw/mmio.h>

namespace eft::pci {

// Registers that dev has mapped: a function's configuration space, an MSI-X table, a virtio configuration.
using Registers = hw::Mmio;

}  // namespace eft::pci
