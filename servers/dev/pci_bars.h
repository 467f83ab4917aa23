// Base address registers: where a function's windows are, and how long (PCI Local Bus 3.0, 6.2.5.1).
//
// The length is found by writing all ones and reading back which bits stick. While that is done the
// function does not decode, so that nothing else in the machine meets it at a wrong address; then
// every register is as before. A host bridge goes on decoding: there are some that take the way to
// memory with them.
#pragma once

#include <drivers/pci/config.h>
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

// Turns memory and I/O decoding off for its lifetime.
template <hw::RegisterAccess Config>
class DecodingPause {
public:
    explicit DecodingPause(Config config)
        : config_(config), before_(hw::read<pci::Command>(config)) {
        const bool host_bridge = hw::read<pci::BaseClass>(config).raw() == pci::kClassBridge &&
                                 hw::read<pci::SubClass>(config).raw() == pci::kSubClassHostBridge;
        if (!host_bridge)
            hw::write<pci::Command>(config_, before_.template without<pci::Command::MemorySpace>()
                                                 .template without<pci::Command::IoSpace>());
    }
    ~DecodingPause() { hw::write<pci::Command>(config_, before_); }
    DecodingPause(const DecodingPause&) = delete;
    DecodingPause& operator=(const DecodingPause&) = delete;

private:
    Config config_;
    hw::Value<pci::Command> before_;
};

// Writes all ones into register `index`, restores it, and returns what was read in between.
template <hw::RegisterAccess Config>
u32 probe_bar(Config config, u32 index) {
    const auto before = hw::read<pci::BaseAddress>(config, index);
    hw::write<pci::BaseAddress>(config, hw::Value<pci::BaseAddress>(~u32{0}), index);
    const u32 sticks = hw::read<pci::BaseAddress>(config, index).raw();
    hw::write<pci::BaseAddress>(config, before, index);
    return sticks;
}

constexpr u64 lowest_bit(u64 value) { return value & (~value + 1); }

// The windows that the function has; BadFormat if its registers contradict the specification.
template <hw::RegisterAccess Config>
Result<Bars> measure_bars(Config config) {
    const auto layout = hw::read<pci::HeaderType>(config).template get<pci::HeaderType::Layout>();
    const unsigned registers = layout == pci::kLayoutDevice   ? pci::kBaseAddresses
                               : layout == pci::kLayoutBridge ? pci::kBridgeBaseAddresses
                                                              : 0;
    Bars bars;
    const DecodingPause<Config> pause(config);
    for (unsigned index = 0; index < registers; ++index) {
        using Register = pci::BaseAddress;
        const auto low = hw::read<Register>(config, index);
        const u32 low_mask = probe_bar(config, index);
        Bar bar;
        bar.index = static_cast<u8>(index);

        if (low.template has<Register::IsIo>()) {
            bar.kind = BarKind::Io;
            bar.address = low.raw() & pci::kIoAddressMask;
            // A function may leave the upper 16 bits out: ports are 16 bits wide on a PC.
            bar.length = lowest_bit(low_mask & pci::kIoAddressMask & 0xffff);
        } else {
            bar.prefetchable = low.template has<Register::Prefetchable>();
            bar.address = low.raw() & pci::kMemoryAddressMask;
            u64 mask = low_mask & pci::kMemoryAddressMask;
            if (low.template get<Register::MemoryType>() == pci::kMemoryType64) {
                if (++index == registers) return Error::BadFormat;  // no room for the upper half
                bar.kind = BarKind::Memory64;
                bar.address |= u64{hw::read<Register>(config, index).raw()} << 32;
                mask |= u64{probe_bar(config, index)} << 32;
            }
            bar.length = lowest_bit(mask);
        }
        if (bar.length == 0) continue;  // not implemented
        if (bar.address % bar.length != 0 || bar.address > ~0ull - bar.length) return Error::BadFormat;
        EFT_CHECK(bars.push(bar));
    }
    return bars;
}

}  // namespace eft::dev
