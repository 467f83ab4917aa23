// I/O ports on the host: those of a device model (device_model.h).
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/types.h>

namespace eft::arch {

u32 read_port(Slot ports, u16 port, unsigned width);
void write_port(Slot ports, u16 port, unsigned width, u32 value);

}  // namespace eft::arch
