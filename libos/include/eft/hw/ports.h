// Registers in the x86 I/O port space, through an IoPorts capability.
#pragma once

#include <eft/hw/register.h>
#include <eft/invoke.h>

namespace eft::hw {

// A window of ports [first, first + count). Offsets are checked here; the kernel checks the range of
// the capability. A capability that does not cover the window reads as zero.
class Ports {
public:
    Ports(Slot ports, u16 first, u16 count) : ports_(ports), first_(first), count_(count) {}

    template <RegisterWord W>
    W read(u32 offset) const {
        return static_cast<W>(kernel_object::port_in(ports_, place<W>(offset), sizeof(W)).value_or(0));
    }
    template <RegisterWord W>
    void write(u32 offset, W value) const {
        static_cast<void>(kernel_object::port_out(ports_, place<W>(offset), sizeof(W), static_cast<u32>(value)));
    }

private:
    template <RegisterWord W>
    u16 place(u32 offset) const {
        static_assert(sizeof(W) <= 4, "ports are at most 32 bits wide");
        if (count_ < sizeof(W) || offset > count_ - sizeof(W)) __builtin_trap();
        return static_cast<u16>(first_ + offset);
    }

    Slot ports_;
    u16 first_;
    u16 count_;
};
static_assert(RegisterAccess<Ports>);

}  // namespace eft::hw
