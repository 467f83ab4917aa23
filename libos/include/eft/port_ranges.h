// The I/O ports that programs have, each range in the hands of one of them: root gives them away at the start (its
// servers/root/core_servers.cc), and keeps those of its own clock. Nobody has any other.
#pragma once

#include <eft/abi/types.h>

namespace eft {

struct PortRange {
    u16 first;
    u16 count;
};

// dev's, by the names "ports/pci", "ports/com1" and "ports/pit" of its configuration.
constexpr PortRange kPciConfigurationPorts{0xcf8, 8};  // PCI Local Bus 3.0, 3.2.2.3.2
constexpr PortRange kCom1Ports{0x3f8, 8};              // a PC's first serial line; dev passes it on to the line's driver
constexpr PortRange kPitPorts{0x40, 4};                // the same with the 8254, unless that is root's clock

}  // namespace eft
