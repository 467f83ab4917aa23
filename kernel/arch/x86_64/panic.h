// What a person reads of a panic (arch/panic.h).
#pragma once

#include <arch/panic.h>
#include <arch/registers.h>

namespace eft::kernel::arch {

void print(const char* text);
void print_hex(u64 value);
// With the registers of whoever caused it.
[[noreturn]] void panic(const char* what, const UserRegisters* registers);

}  // namespace eft::kernel::arch
