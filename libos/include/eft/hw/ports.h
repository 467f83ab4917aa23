// Registers in the x86 I/O port space, through an IoPorts capability.
// On the host they are those of a device model (libos/arch/host/eft/arch/device_model.h).
#pragma once

#include <eft/abi/object.h>
#include <eft/arch/device_ports.h>
#include <eft/hw/register.h>

namespace eft::hw {

// A window of ports [first, first + count). Offsets are checked here; the kernel checks the range of
// the capability. A capability that does not cover the window reads as zero.
class Ports {
public:
    Ports(Slot ports, u16 first, u16 count) : ports_(ports), first_(first), count_(count) {}

    template <RegisterWord W>
    W read(u32 offset) const {
        return static_cast<W>(arch::read_port(ports_, place<W>(offset), sizeof(W)));
    }
    template <RegisterWord W>
    void write(u32 offset, W value) const {
        arch::write_port(ports_, place<W>(offset), sizeof(W), static_cast<u32>(value));
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
