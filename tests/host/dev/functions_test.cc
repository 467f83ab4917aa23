// Machines that are not as the reference machine: transitional virtio devices, functions without interrupt messages,
// configuration space in ports.
#include "dev_machine.h"

using namespace eft;
using namespace eft::test;

namespace {

// QEMU's plain virtio-blk-pci: an identity of its own, the old interface in BAR 0, and the modern one.
struct Transitional : DevMachine {
    Transitional(Stage& where) : DevMachine(where) {
        PciFunction& disk = add_disk(9, 0x2'0000);
        disk.set(0x02, 0x1001, 2);
        disk.set(0x2e, 2, 2);  // a block device
        disk.set(0x10, 0xc001);
        disk.sticky[0] = 0xff80;
        PciFunction& other = segment.add(0, 10, 0, 0x1af4, 0x1000, 2, 0);
        other.set(0x2e, 1, 2);  // a network device
        start();
    }
};

// As firmware leaves QEMU's `vectors=0`: the pin goes to ISA interrupt 10 or 11, which ACPI calls level-triggered, active high.
struct Lines : DevMachine {
    Lines(Stage& where) : DevMachine(where) {
        firmware.put(Firmware::kMadtAt + 98, 0x0000'000a'0a00'0a02, 8);
        firmware.put(Firmware::kMadtAt + 106, 0x000d, 2);
        firmware.table(Firmware::kMadtAt, kMadt, 108);
        add(20, 0x2001, 1, 10);
        add(21, 0x2002, 1, 11);
        add(22, 0x2003, 1, 10);
        add(23, 0x2004, 1, 0xff);
        add(24, 0x2005, 0, 10);
        start();
    }
    void add(u8 device, u16 id, u8 pin, u8 line) {
        PciFunction& function = segment.add(0, device, 0, 0x8086, id, 2, 0);
        function.bytes[0x3c] = line;
        function.bytes[0x3d] = pin;
    }
    bool line_disabled(u8 device) { return (command(device) & 0x400) != 0; }
};

struct ByPorts : DevMachine {
    ByPorts(Stage& where) : DevMachine(where) {
        firmware.put(Firmware::kMcfgAt, 0, 4);  // no ECAM
        segment.add_ports();
        start();
    }
};

}  // namespace

STAGE_CASE(Transitional, "a transitional virtio device is found under the modern identity of its kind, and under its own") {
    auto modern = assign("pci:1af4:1042", 2);
    REQUIRE(modern.ok());
    CHECK(assign("pci:1af4:1001").error() == Error::Busy);  // the same
    CHECK(assign("pci:1af4:1042", 3).error() == Error::NoDevice);
    CHECK(modern->driver.describe()->device == 0x1001);
    CHECK(modern->driver.open_window({.index = 0}).error() == Error::NotSupported);
    CHECK(modern->driver.open_window({.index = 4})->bytes == 0x4000);
    CHECK(assign("pci:1af4:1041").error() == Error::NotSupported);  // found, and has no modern interface
    CHECK(unassign(modern->id) == Error::None);
}

STAGE_CASE(Lines, "a device without messages has the line that firmware has connected it to") {
    using LineMode = host::Machine::LineMode;
    CHECK(line_disabled(20));
    auto first = assign("pci:8086:2001");
    REQUIRE(first.ok());
    DevClient& driver = first->driver;
    CHECK(driver.describe()->interrupts == 1);
    CHECK(driver.open_interrupt({.index = 1}).error() == Error::OutOfRange);
    CHECK(driver.open_interrupt({}).error() == Error::NotSupported);
    const CapHandle wake = *make_wake(1);
    const auto join = [&](DevClient& who) {
        dev::LineRequest request;
        request.wake = decltype(request.wake)(wake.slot());
        return who.join_line(request);
    };
    auto joined = join(driver);
    REQUIRE(joined.ok());
    CHECK(joined->number == 10);
    CHECK(info_of(joined->answered.slot()).type == ObjectType::Notification);
    CHECK(stage.machine.line_mode(10) == LineMode{true, false});
    CHECK_FALSE(line_disabled(20));
    REQUIRE(driver.set_bus_master({.enabled = true}).ok());
    CHECK_FALSE(line_disabled(20));
    REQUIRE(control.silence({.id = first->id}).ok());
    CHECK(line_disabled(20));
    CHECK(join(driver)->number == 10);
    CHECK_FALSE(line_disabled(20));

    auto second = assign("pci:8086:2002"), third = assign("pci:8086:2003"), fourth = assign("pci:8086:2004"), fifth = assign("pci:8086:2005");
    CHECK(join(second->driver)->number == 11);
    CHECK(stage.machine.line_mode(11) == LineMode{true, true});  // ACPI says nothing of it
    CHECK(join(third->driver)->number == 10);                    // the first has it as well
    for (auto* none : {&fourth, &fifth}) {
        CHECK((*none)->driver.open_interrupt({}).error() == Error::NotSupported);
        CHECK(join((*none)->driver).error() == Error::NotSupported);
    }
    const Totals before = totals();
    for (const auto* each : {&first, &second, &third, &fourth, &fifth}) CHECK(unassign((*each)->id) == Error::None);
    CHECK(totals().of_dev < before.of_dev);
}

STAGE_CASE(ByPorts, "the ports that root grants suffice for a machine without ECAM") {
    const Totals before = totals();
    auto disk = assign("pci:1af4:1042", 1);
    REQUIRE(disk.ok());
    CHECK(disk->driver.describe()->vendor == 0x1af4);
    REQUIRE(disk->driver.set_bus_master({.enabled = true}).ok());
    CHECK((command(4) & 4) != 0);
    CHECK(unassign(disk->id) == Error::None);
    CHECK(totals() == before);
}
