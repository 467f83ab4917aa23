// I/O ports.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

inline u32 port_in(u16 port, unsigned width) {
    u32 value = 0;
    switch (width) {
        case 1: { u8 v; asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port)); value = v; break; }
        case 2: { u16 v; asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port)); value = v; break; }
        default: asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port)); break;
    }
    return value;
}

inline void port_out(u16 port, unsigned width, u32 value) {
    switch (width) {
        case 1: asm volatile("outb %0, %1" : : "a"(static_cast<u8>(value)), "Nd"(port)); break;
        case 2: asm volatile("outw %0, %1" : : "a"(static_cast<u16>(value)), "Nd"(port)); break;
        default: asm volatile("outl %0, %1" : : "a"(value), "Nd"(port)); break;
    }
}

}  // namespace eft::kernel::arch
