// A disk image that boots, for the tests of the harness itself, which need no kernel.
//
// Its boot sector prints a text on COM1 and then obeys what it reads there, echoing each character:
//     X   writes 0x10 to isa-debug-exit          O   powers off (ACPI)          R   resets
// Other characters are only echoed.
#pragma once

#include <string>
#include <string_view>

namespace eft::qemu {

std::string boot_disk(std::string_view text);

}  // namespace eft::qemu
