#include "dev_machine.h"

#include <servers/dev/state.h>

#include <eft/text.h>

#include <algorithm>
#include <cstring>

int eft_main_dev();

namespace eft::test {

static_assert(Firmware::kBase == host::Machine::kFirmwareAddress);

namespace {

// One capability of the list; `next` 0 ends it.
void put_virtio(PciFunction& function, u8 at, u8 next, u8 type, u8 bar, u32 offset, u32 length) {
    const u8 head[] = {0x09, next, static_cast<u8>(type == 2 ? 20 : 16), type, bar};
    std::memcpy(&function.bytes[at], head, sizeof head);
    function.set(at + 8, offset);
    function.set(at + 12, length);
    if (type == 2) function.set(at + 16, 4);
}
void put_msix(PciFunction& function, u8 at, u8 next, u16 entries, u32 table, u32 pending) {
    function.set(at, 0x11u | next << 8, 2);
    function.set(at + 2, entries - 1u, 2);
    function.set(at + 4, table);
    function.set(at + 8, pending);
}
void put_bar(PciFunction& function, u32 index, u64 address, u32 length) {
    function.set(0x10 + 4 * index, address);
    function.sticky[index] = ~(length - 1);
}

}  // namespace

u32 RegisterWindow::word(u64 offset) const {
    u32 value;
    std::memcpy(&value, &bytes.at(offset), sizeof value);
    return value;
}
u64 RegisterWindow::read(u64 offset, unsigned width) {
    u64 value = 0;
    std::memcpy(&value, &bytes.at(offset), width);
    if (offset == 0x4010) value &= ~u64{self_clearing};
    return stuck_in_reset && offset == 0x14 && width == 1 ? value | 1 : value;
}
void RegisterWindow::write(u64 offset, unsigned width, u64 value) { std::memcpy(&bytes.at(offset), &value, width); }

DevMachine::DevMachine(Stage& where) : stage(where) {
    // One bus only: dev looks at each place of those that there can be.
    firmware.put(Firmware::kMcfgAt + 55, 0, 1);
    firmware.table(Firmware::kMcfgAt, kMcfg, 60);
    add_disk(3, 0);
    add_disk(4, 0x1'0000);
    // A device with its MSI-X table in the middle of its registers.
    PciFunction& mixed = segment.add(0, 5, 0, 0x8086, 0x10d3, 2, 0);
    mixed.set(0x06, 0x10, 2);
    mixed.bytes[0x34] = 0xa0;
    put_msix(mixed, 0xa0, 0, 5, 0x2000, 0x3000);
    put_bar(mixed, 0, kMixedWindow, 0x8000);
    windows.emplace_back(kMixedWindow, 0x8000);
    // QEMU's edu: MSI and no MSI-X.
    PciFunction& edu = segment.add(0, 6, 0, 0x1234, 0x11e8, 0, 0xff);
    edu.set(0x06, 0x10, 2);
    edu.bytes[0x34] = 0x40;
    edu.set(0x40, 0x0080'0005);
}

PciFunction& DevMachine::add_disk(u8 device, u64 displacement) {
    PciFunction& disk = segment.add(0, device, 0, 0x1af4, 0x1042, 1, 0);
    disk.set(0x06, 0x10, 2);
    disk.bytes[0x34] = 0x98;
    put_msix(disk, 0x98, 0x84, 2, 1, 0x800 | 1);
    put_virtio(disk, 0x84, 0x70, 1, 4, 0, 0x1000);
    put_virtio(disk, 0x70, 0x60, 3, 4, 0x1000, 0x1000);
    put_virtio(disk, 0x60, 0x4c, 4, 4, 0x2000, 0x1000);
    put_virtio(disk, 0x4c, 0, 2, 4, 0x3000, 0x1000);
    put_bar(disk, 1, kTableWindow + displacement, 0x1000);
    put_bar(disk, 4, kConfigurationWindow + displacement, 0x4000);
    windows.emplace_back(kTableWindow + displacement, 0x1000);
    windows.emplace_back(kConfigurationWindow + displacement, 0x4000);
    return disk;
}

void DevMachine::start(std::optional<Death> death) {
    std::memcpy(stage.machine.memory(Firmware::kBase), firmware.memory.data(), firmware.memory.size());
    stage.as_root([&] { start_dev(death); });
    control = session(dev::Dev::badge_of(Kind::Control, kSupervisorPid));
    stage.run();
}

// As root does it.
void DevMachine::start_dev(std::optional<Death> death) {
    dev = &stage.add("dev", eft_main_dev, {.priority = kPriority, .state_bytes = page_up(dev::kStateBytes), .table_bits = 11, .persistent_slots = dev::kPersistentSlots, .asks_for_memory = true});
    root::Service& service = dev->service;
    const auto grant = [&](std::string_view name, Slot cap, u64 range = 0) { stage.check(service.grant(name, cap, kAllRights, range), "dev's hardware"); };
    const auto ports = [&](std::string_view name, PortRange range) { grant(name, root::root_slot(RootSlot::Ports), ko::number_range(range.first, range.count)); };
    grant("space", service.space());
    grant("irqs", root::root_slot(RootSlot::Irqs));
    ports("ports/pci", kPciConfigurationPorts);
    ports("ports/com1", kCom1Ports);
    ports("ports/pit", kPitPorts);
    stage.connect(*dev, "mem", memory.program(), mem::Mem::badge_of(mem::Mem::SessionKind::Device, core_pid("dev")));
    FixedText<sizeof(ServiceConfig::arguments) - 1> arguments("rsdp=");
    for (std::size_t i = 0; i < dev::kRsdpLength2; ++i) arguments.hex(std::to_integer<u8>(firmware.memory[i]), 2);
    std::copy_n(arguments.c_str(), arguments.view().size() + 1, service.config().arguments);
    stage.on_start = [this, before = stage.on_start](Program& each) {
        before(each);
        if (&each == dev) stage.check(each.service.grant_again("space", each.service.space()), "dev's next space");
    };
    if (death) dev->die(*death);
}

RegisterWindow& DevMachine::window_at(u64 address) {
    return *std::find_if(windows.begin(), windows.end(), [address](const RegisterWindow& each) { return each.address == address; });
}

}  // namespace eft::test
