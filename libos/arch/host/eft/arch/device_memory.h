// Registers of a device in memory, on the host: those of a device model (device_model.h), or plain memory.
#pragma once

#include <eft/abi/types.h>

namespace eft::arch {

u64 read_device_word(const volatile void* place, unsigned width);
void write_device_word(volatile void* place, unsigned width, u64 value);

template <class W>
W read_device(const volatile W* place) {
    return static_cast<W>(read_device_word(place, sizeof(W)));
}
template <class W>
void write_device(volatile W* place, W value) {
    write_device_word(place, sizeof(W), value);
}

}  // namespace eft::arch
