// Measuring the windows: see pci_bars.h.
#include <servers/dev/pci_bars.h>

namespace eft::dev {

namespace {

// Turns memory and I/O decoding off for its lifetime.
class DecodingPause {
public:
    explicit DecodingPause(const pci::Configuration& config)
        : config_(config), before_(hw::read<pci::Command>(config)) {
        const bool host_bridge = hw::read<pci::BaseClass>(config).raw() == pci::kClassBridge &&
                                 hw::read<pci::SubClass>(config).raw() == pci::kSubClassHostBridge;
        if (!host_bridge)
            hw::write<pci::Command>(config_, before_.without<pci::Command::MemorySpace>().without<pci::Command::IoSpace>());
    }
    ~DecodingPause() { hw::write<pci::Command>(config_, before_); }
    DecodingPause(const DecodingPause&) = delete;
    DecodingPause& operator=(const DecodingPause&) = delete;

private:
    pci::Configuration config_;
    hw::Value<pci::Command> before_;
};

// Writes all ones into register `index`, restores it, and returns what was read in between.
u32 probe_bar(const pci::Configuration& config, u32 index) {
    const auto before = hw::read<pci::BaseAddress>(config, index);
    hw::write<pci::BaseAddress>(config, hw::Value<pci::BaseAddress>(~u32{0}), index);
    const u32 sticks = hw::read<pci::BaseAddress>(config, index).raw();
    hw::write<pci::BaseAddress>(config, before, index);
    return sticks;
}

constexpr u64 lowest_bit(u64 value) { return value & (~value + 1); }

}  // namespace

Result<Bars> measure_bars(const pci::Configuration& config) {
    const auto layout = hw::read<pci::HeaderType>(config).get<pci::HeaderType::Layout>();
    const unsigned registers = layout == pci::kLayoutDevice   ? pci::kBaseAddresses
                               : layout == pci::kLayoutBridge ? pci::kBridgeBaseAddresses
                                                              : 0;
    Bars bars;
    const DecodingPause pause(config);
    for (unsigned index = 0; index < registers; ++index) {
        using Register = pci::BaseAddress;
        const auto low = hw::read<Register>(config, index);
        const u32 low_mask = probe_bar(config, index);
        Bar bar;
        bar.index = static_cast<u8>(index);

        if (low.has<Register::IsIo>()) {
            bar.kind = BarKind::Io;
            bar.address = low.raw() & pci::kIoAddressMask;
            // A function may leave the upper 16 bits out: ports are 16 bits wide on a PC.
            bar.length = lowest_bit(low_mask & pci::kIoAddressMask & 0xffff);
        } else {
            bar.prefetchable = low.has<Register::Prefetchable>();
            bar.address = low.raw() & pci::kMemoryAddressMask;
            u64 mask = low_mask & pci::kMemoryAddressMask;
            if (low.get<Register::MemoryType>() == pci::kMemoryType64) {
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
