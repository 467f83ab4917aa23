// The kernel's own mapping of ordinary memory follows the rule "never writable and executable" too:
// a page that user space may execute is read-only here until its memory is used for something else.
#pragma once

#include <memory/physical.h>

namespace eft::kernel::arch {

void protect_direct_map(PhysAddr page);
void unprotect_direct_map(PhysAddr page);

}  // namespace eft::kernel::arch
