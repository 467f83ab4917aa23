// The configuration space of one function, where it can be reached: in memory, which is the function's page of an ECAM window
// (PCI Express Base, 7.2.2) or a copy of the registers; or through an address and a data register in a PC's I/O ports (PCI
// Local Bus 3.0, 3.2.2.3.2).
//
// A handle: copies mean the same function, and none owns a mapping. It is at least kConfigurationSize bytes long, and an
// access outside stops the program, as with hw::Mmio. By ports, an access is two; so only one program has these ports (dev).
#pragma once

#include <drivers/pci/config.h>
#include <eft/hw/ports.h>
#include <eft/port_ranges.h>

namespace eft::pci {

constexpr u16 kAddressPort = kPciConfigurationPorts.first, kPortCount = kPciConfigurationPorts.count;
struct PortAddress : Register<0, u32> {
    struct Number : Bitfield<2, 6> {};
    struct Function : Bitfield<8, 3> {};
    struct Device : Bitfield<11, 5> {};
    struct Bus : Bitfield<16, 8> {};
    struct Enable : Bitfield<31> {};
};
constexpr u32 kDataPort = 4;  // of the window: four bytes

class Configuration {
public:
    explicit Configuration(hw::Mmio memory) : memory_(memory), ports_(Slot::None, 0, 0) {}
    // `ports`: the window of kPortCount ports at kAddressPort. The segment is 0.
    Configuration(hw::Ports ports, FunctionAddress address)
        : memory_(nullptr, 0),
          ports_(ports),
          address_(hw::Value<PortAddress>()
                       .with<PortAddress::Enable>()
                       .with<PortAddress::Bus>(address.bus)
                       .with<PortAddress::Device>(address.device)
                       .with<PortAddress::Function>(address.function)) {}

    // Not inlined: either way is long, and there are many places.
    template <hw::RegisterWord W>
    [[gnu::noinline]] W read(u32 offset) const {
        return in_memory() ? memory_.read<W>(offset) : ports_.read<W>(select(offset, sizeof(W)));
    }
    template <hw::RegisterWord W>
    [[gnu::noinline]] void write(u32 offset, W value) const {
        in_memory() ? memory_.write(offset, value) : ports_.write(select(offset, sizeof(W)), value);
    }

    // From `offset` to the end: one capability, for instance.
    Configuration part(u64 offset) const {
        Configuration part = *this;
        if (in_memory()) {
            part.memory_ = memory_.part(offset);
        } else {
            if (offset > kConfigurationSize - start_) __builtin_trap();
            part.start_ += static_cast<u32>(offset);
        }
        return part;
    }

    bool in_memory() const { return memory_.base() != nullptr; }
    hw::Mmio memory() const { return memory_; }

private:
    // Answers the port of the window where the register's bytes are now.
    u32 select(u32 offset, u32 width) const {
        const u32 at = start_ + offset;
        if (offset % width != 0 || at > kConfigurationSize - width) __builtin_trap();
        hw::write<PortAddress>(ports_, address_.with<PortAddress::Number>(at / 4));
        return kDataPort + at % 4;
    }

    hw::Mmio memory_;
    hw::Ports ports_;
    hw::Value<PortAddress> address_;
    u32 start_ = 0;
};
static_assert(hw::RegisterAccess<Configuration>);

}  // namespace eft::pci
