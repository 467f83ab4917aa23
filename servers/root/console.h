// root's own few words for people, on the kernel's serial line: at boot, and when a core server is gone.
#pragma once

#include <eft/syscall.h>

#include <string_view>

namespace eft::root {

inline void print(std::string_view text) {
    for (const char c : text) {
        const char one[2] = {c, 0};
        sys::debug_print(one);
    }
}

inline void print_hex(u64 value) {
    char digits[17] = {};
    unsigned at = 16;
    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value != 0);
    print(std::string_view(digits + at, 16 - at));
}

}  // namespace eft::root
