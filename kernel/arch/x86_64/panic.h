// A broken invariant of the kernel's own stops the machine, with a dump that a person can read.
#pragma once

#include <arch/registers.h>

namespace eft::kernel::arch {

void print(const char* text);
void print_hex(u64 value);
[[noreturn]] void panic(const char* what, const UserRegisters* registers = nullptr);

}  // namespace eft::kernel::arch
