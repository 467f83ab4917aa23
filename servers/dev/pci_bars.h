// Base address registers: where a function's windows are, and how long (PCI Local Bus 3.0, 6.2.5.1).
//
// The length is found by writing all ones and reading back which bits stick. While that is done the
// function does not decode, so that nothing else in the machine meets it at a wrong address; then
// every register is as before. A host bridge goes on decoding: there are some that take the way to
// memory with them.
#pragma once

#include <drivers/pci/configuration.h>
#include <eft/abi/result.h>
#include <servers/dev/bounded_list.h>

namespace eft::dev {

enum class BarKind : u8 { Memory32, Memory64, Io };

struct Bar {
    u8 index = 0;
    BarKind kind = BarKind::Memory32;
    bool prefetchable = false;
    u64 address = 0;  // 0: firmware gave it none
    u64 length = 0;   // a power of two

    bool is_memory() const { return kind != BarKind::Io; }
};

using Bars = BoundedList<Bar, pci::kBaseAddresses>;

// The windows that the function has; BadFormat if its registers contradict the specification.
Result<Bars> measure_bars(const pci::Configuration& config);

}  // namespace eft::dev
