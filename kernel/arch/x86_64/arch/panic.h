// A broken invariant of the kernel's own, or a machine that it cannot boot on, stops the machine.
#pragma once

namespace eft::kernel::arch {

[[noreturn]] void panic(const char* what);

}  // namespace eft::kernel::arch
