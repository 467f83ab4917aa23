// A broken invariant of the kernel's own, or a machine that it cannot boot on. Tests catch it.
#pragma once

#include <stdexcept>

namespace eft::kernel::arch {

[[noreturn]] inline void panic(const char* what) { throw std::runtime_error(what); }

}  // namespace eft::kernel::arch
