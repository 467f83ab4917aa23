// Registers of a device in memory: one access of the register's own width (<eft/hw/mmio.h> is what drivers use).
#pragma once

#include <eft/abi/types.h>

namespace eft::arch {

template <class W>
W read_device(const volatile W* place) {
    return *place;
}
template <class W>
void write_device(volatile W* place, W value) {
    *place = value;
}

}  // namespace eft::arch
