// I/O ports that record each access; reads give Record::port_value.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

u32 port_in(u16 port, unsigned width);
void port_out(u16 port, unsigned width, u32 value);

}  // namespace eft::kernel::arch
