// I/O ports, by invocation of an IoPorts capability (<eft/hw/ports.h> is what drivers use). `width`: 1, 2 or 4 bytes.
#pragma once

#include <eft/invoke.h>

namespace eft::arch {

// 0 if the capability does not cover the port.
inline u32 read_port(Slot ports, u16 port, unsigned width) { return kernel_object::port_in(ports, port, width).value_or(0); }
inline void write_port(Slot ports, u16 port, unsigned width, u32 value) { static_cast<void>(kernel_object::port_out(ports, port, width, value)); }

}  // namespace eft::arch
