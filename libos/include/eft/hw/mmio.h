// Registers in a mapped window of device memory.
//
// The window's length is known, and an access outside it stops the program: it is our own mistake,
// because every offset that comes from a device is checked before it gets here.
#pragma once

#include <eft/hw/register.h>

#include <cstddef>

namespace eft::hw {

class Mmio {
public:
    Mmio(volatile void* base, u64 length)
        : base_(static_cast<volatile std::byte*>(base)), length_(length) {}

    u64 length() const { return length_; }
    volatile void* base() const { return base_; }

    template <RegisterWord W>
    W read(u32 offset) const {
        return *place<W>(offset);
    }
    template <RegisterWord W>
    void write(u32 offset, W value) const {
        *place<W>(offset) = value;
    }

private:
    template <RegisterWord W>
    volatile W* place(u32 offset) const {
        if (offset % sizeof(W) != 0 || length_ < sizeof(W) || offset > length_ - sizeof(W))
            __builtin_trap();
        return reinterpret_cast<volatile W*>(base_ + offset);
    }

    volatile std::byte* base_;
    u64 length_;
};
static_assert(RegisterAccess<Mmio>);

}  // namespace eft::hw
