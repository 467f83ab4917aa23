// A PCI segment in software, q35-like: functions with 4 KiB of configuration, BARs that stick as
// their sizes say, a root port with a bus behind it; all of it in one ECAM window, and through the
// address and data ports of a PC if the test wants them.
#pragma once

#include <drivers/pci/configuration.h>
#include <eft/abi/result.h>
#include <eft/arch/device_model.h>

#include <array>
#include <map>
#include <optional>

namespace eft::test {

struct PciFunction {
    std::array<u8, 4096> bytes{};
    std::array<u32, 6> sticky{};   // which BAR bits can be written
    unsigned moved_while_decoding = 0;
    bool reset_started = false;
    bool can_disable_pin = true;   // false: as before PCI 2.3
    int absent_looks = 0;  // so many reads of the vendor find nothing

    u32 get(u32 offset) const;
    void set(u32 offset, u64 value, unsigned width = 4);

    // As the bus does.
    u64 read(u32 offset, unsigned width);
    void write(u32 offset, unsigned width, u64 value);
};

class PciSegment final : public host::DeviceModel {
public:
    static constexpr u64 kEcam = 0xb000'0000, kLength = 256ull << 20;

    std::map<u32, PciFunction> functions;

    PciFunction& add(u8 bus, u8 device, u8 function, u16 vendor, u16 id, u8 base_class, u8 sub_class);
    PciFunction& add_bridge(u8 bus, u8 device, u8 secondary);

    void add_ports() { port_window_.emplace(ports_, host::DeviceSpace::Ports, 0xcf8, 8); }

    pci::Configuration configuration(const PciFunction& function) const;

    static u32 key(u8 bus, u8 device, u8 function) { return u32{bus} << 8 | u32{device} << 3 | function; }

private:
    static hw::Mmio registers(u32 key) { return {reinterpret_cast<volatile void*>(kEcam + (u64{key} << 12)), 4096}; }

    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;

    // 3.2.2.3.2: the address register takes whole words only, and the data port reaches nothing unless it enables that.
    struct PortMechanism final : host::DeviceModel {
        explicit PortMechanism(PciSegment& behind) : segment(behind) {}
        u64 read(u64 offset, unsigned width) override;
        void write(u64 offset, unsigned width, u64 value) override;
        u64 place(u64 offset) const { return (address & 0xff'ff00) << 4 | (address & 0xfc) | (offset & 3); }

        PciSegment& segment;
        u32 address = 0;
    };

    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kEcam, kLength};
    PortMechanism ports_{*this};
    std::optional<host::DeviceWindow> port_window_;
};

}  // namespace eft::test
