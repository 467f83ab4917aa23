// The protection of the direct map, recorded. Lifting it also lifts the page's poison: the kernel does so for every
// page before it uses its memory for something new.
#pragma once

#include <memory/physical.h>

namespace eft::kernel::arch {

void protect_direct_map(PhysAddr page);
void unprotect_direct_map(PhysAddr page);

}  // namespace eft::kernel::arch
