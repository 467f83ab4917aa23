// The kernel's serial line: characters are appended to the record.
#pragma once

namespace eft::kernel::arch {

void debug_print(char character);

}  // namespace eft::kernel::arch
