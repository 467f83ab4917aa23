// A Stage with mem and dev as they are, on a q35 with two virtio disks, a device with its MSI-X table among its registers,
// and one with MSI. The test is rs, and the drivers.
#pragma once

#include <devices/pci_segment.h>
#include <firmware.h>
#include <memory_server.h>
#include <stage_case.h>

#include <eft/cap.h>
#include <eft/core_processes.h>
#include <eft/idl/dev.h>
#include <eft/invoke.h>
#include <eft/port_ranges.h>
#include <eft/shared_memory.h>
#include <eft/wake.h>

#include <deque>
#include <optional>
#include <vector>

namespace eft::test {

namespace ko = kernel_object;

using DevClient = dev::DevClient<>;
using Kind = dev::Dev::SessionKind;

// The registers of one window, at a physical address.
class RegisterWindow final : public host::DeviceModel {
public:
    RegisterWindow(u64 physical, u64 length) : address(physical), bytes(length), window_(*this, host::DeviceSpace::Memory, physical, length) {}

    u32 word(u64 offset) const;

    u64 address;
    std::vector<u8> bytes;
    bool stuck_in_reset = false;  // a virtio status register that never reads 0
    u32 self_clearing = 0;        // bits of the register at 0x4010 that read as 0

private:
    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;

    host::DeviceWindow window_;
};

constexpr u64 kConfigurationWindow = 0xfe00'0000, kTableWindow = 0xfebd'1000, kMixedWindow = 0xfe10'0000;

struct DevMachine {
    static constexpr u8 kPriority = 58;

    explicit DevMachine(Stage& where);
    // QEMU's virtio-blk-pci: configuration in BAR 4, MSI-X alone in BAR 1.
    PciFunction& add_disk(u8 device, u64 displacement);
    // Afterwards dev has found what there is. `death`: of dev, from its first system call and store on.
    void start(std::optional<Death> death = {});

    struct Assigned {
        u32 id;
        DevClient driver;
    };
    Result<Assigned> assign(std::string_view device, u32 index = 0) {
        EFT_TRY(dev::Assignment answer, control.assign(match(device, index)));
        return Assigned{answer.id, DevClient{CapHandle(answer.session.release())}};
    }
    Error unassign(u32 id) { return control.unassign({.id = id}).error(); }
    static dev::Match match(std::string_view device, u32 index = 0) {
        dev::Match wanted;
        wanted.device = device;
        wanted.index = index;
        return wanted;
    }
    DevClient session(Badge badge) { return DevClient{stage.connect(*dev, badge)}; }

    PciFunction& function(u8 device) { return segment.functions.at(PciSegment::key(0, device, 0)); }
    u16 command(u8 device) { return static_cast<u16>(function(device).get(4)); }
    RegisterWindow& window_at(u64 address);

    static ko::CapInfo info_of(Slot slot) { return *ko::inspect(eft::slot(WellKnown::Table), slot); }
    static bool is_there(Slot slot) { return info_of(slot).type != ObjectType::None; }

    // What must be the same before a device is assigned and after it is given back.
    struct Totals {
        u32 of_dev;  // capabilities
        u64 mapped_by_dev;
        bool operator==(const Totals&) const = default;
    };
    Totals totals() { return {stage.used_slots(*dev), memory.mapped_pages(*dev)}; }

    Stage& stage;
    MemoryServer memory{stage};
    Firmware firmware;
    PciSegment segment;
    std::deque<RegisterWindow> windows;
    Program* dev = nullptr;
    DevClient control{CapHandle()};

private:
    void start_dev(std::optional<Death> death);
};

// The usual machine.
struct DevScene : DevMachine {
    DevScene(Stage& where) : DevMachine(where) { start(); }
};

}  // namespace eft::test
