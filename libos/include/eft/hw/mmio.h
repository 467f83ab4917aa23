// Registers in a mapped window of device memory. A handle: copies mean the same window, and none owns the mapping.
//
// The window's length is known, and an access outside it stops the program: it is our own mistake,
// because every offset that comes from a device is checked before it gets here.
// On the host the registers are those of a device model (libos/arch/host/eft/arch/device_model.h).
#pragma once

#include <eft/arch/device_memory.h>
#include <eft/hw/register.h>

#include <cstddef>

namespace eft::hw {

class Mmio {
public:
    // `length` in bytes; `base` is aligned to the widest register that is read.
    Mmio(volatile void* base, u64 length)
        : base_(static_cast<volatile std::byte*>(base)), length_(length) {}

    u64 length() const { return length_; }
    volatile void* base() const { return base_; }

    template <RegisterWord W>
    W read(u32 offset) const {
        return arch::read_device(place<W>(offset));
    }
    template <RegisterWord W>
    void write(u32 offset, W value) const {
        arch::write_device(place<W>(offset), value);
    }

    // From `offset` to the end: one capability in a configuration space, for instance.
    Mmio part(u64 offset) const {
        if (offset > length_) __builtin_trap();
        return {base_ + offset, length_ - offset};
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
