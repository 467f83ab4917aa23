// The kernel's serial line, for boot messages, the debug system call and the last words of a panic.
#pragma once

namespace eft::kernel::arch {

void debug_print(char character);

}  // namespace eft::kernel::arch
