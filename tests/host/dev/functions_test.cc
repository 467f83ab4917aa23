// Devices that are not as those of the reference machine: transitional virtio devices, functions without interrupt messages,
// an HPET with one input.
#include "dev_fixture.h"

using namespace eft;
using namespace eft::test;

// QEMU's plain virtio-blk-pci: an identity of its own, the old interface in BAR 0, and the modern one.
TEST_CASE("a transitional virtio device is found under the modern identity of its kind, and under its own") {
    DevFixture fixture;
    PciFunction& disk = add_disk(fixture.segment, fixture.windows, 9, 0x2'0000);
    disk.set(0x02, 0x1001, 2);
    disk.set(0x2e, 2, 2);  // a block device
    disk.set(0x10, 0xc001);
    disk.sticky[0] = 0xff80;
    PciFunction& other = fixture.segment.add(0, 10, 0, 0x1af4, 0x1000, 2, 0);
    other.set(0x2e, 1, 2);  // a network device
    dev::Devices devices;
    REQUIRE(dev::find_devices(devices, fixture.machine, fixture.space).ok());
    const auto found = devices.find("pci:1af4:1042", 2);
    REQUIRE(found.ok());
    CHECK(devices[*found].function.address.device == 9);
    CHECK(*devices.find("pci:1af4:1001", 0) == *found);
    CHECK(devices.find("pci:1af4:1042", 3).error() == Error::NoDevice);
    CHECK(devices.find("pci:1af4:1041", 0).ok());

    dev::DeviceServer server{fixture.resources, fixture.space, devices};
    DevFixture::LocalServer transport{server};
    DevFixture::Client control{transport, dev::Dev::badge_of(dev::Dev::SessionKind::Control, 6)};
    dev::Match match;
    match.device = "pci:1af4:1042";
    match.index = 2;
    const auto assignment = control.assign(match).or_error();
    REQUIRE(assignment.ok());
    DevFixture::Client driver(transport, Badge{DevFixture::object_of(assignment->session.slot()) - LocalResources::kSession});
    CHECK(driver.open_window({.index = 0}).error() == Error::NotSupported);
    CHECK(driver.open_window({.index = 4})->bytes == 0x4000);
    CHECK(control.unassign({.id = assignment->id}).or_error().ok());
}

// As firmware leaves QEMU's `vectors=0`: the pin goes to ISA interrupt 10 or 11, which ACPI calls level-triggered, active high.
TEST_CASE("a device without messages has the line that firmware has connected it to") {
    DevFixture fixture;
    CHECK(fixture.machine.overrides.push({.isa_interrupt = 10, .input = 10, .active_low = false, .level_triggered = true}).ok());
    const auto add = [&](u8 device, u16 id, u8 pin, u8 line) -> PciFunction& {
        PciFunction& function = fixture.segment.add(0, device, 0, 0x8086, id, 2, 0);
        function.bytes[0x3c] = line;
        function.bytes[0x3d] = pin;
        return function;
    };
    PciFunction& first = add(20, 0x2001, 1, 10);
    add(21, 0x2002, 1, 11);
    add(22, 0x2003, 1, 10);
    add(23, 0x2004, 1, 0xff);
    add(24, 0x2005, 0, 10);
    dev::Devices devices;
    REQUIRE(dev::find_devices(devices, fixture.machine, fixture.space).ok());
    const auto line_disabled = [](const PciFunction& function) { return (function.get(4) & 0x400) != 0; };
    CHECK(line_disabled(first));

    dev::DeviceServer server{fixture.resources, fixture.space, devices};
    DevFixture::LocalServer transport{server};
    DevFixture::Client control{transport, dev::Dev::badge_of(dev::Dev::SessionKind::Control, 6)};
    std::vector<dev::Assignment> assignments;
    const auto driver_of = [&](std::string_view match) {
        dev::Match request;
        request.device = match;
        auto assignment = control.assign(request).or_error();
        REQUIRE(assignment.ok());
        const Badge badge{DevFixture::object_of(assignment->session.slot()) - LocalResources::kSession};
        assignments.push_back(std::move(*assignment));
        return DevFixture::Client(transport, badge);
    };
    const auto refusal = [&](std::string_view match) {
        dev::Match request;
        request.device = match;
        return control.assign(request).or_error().error();
    };
    auto driver = driver_of("pci:8086:2001");
    CHECK(refusal("pci:8086:2003") == Error::AlreadyExists);  // before anybody has asked for the interrupt
    CHECK(driver.describe()->interrupts == 1);
    CHECK(driver.open_interrupt({.index = 1}).error() == Error::OutOfRange);
    const auto interrupt = driver.open_interrupt({});
    REQUIRE(interrupt.ok());
    CHECK(interrupt->number == 10);
    CHECK(interrupt->level);
    CHECK(fixture.local.line_modes.at(10) == std::pair(true, false));
    CHECK_FALSE(line_disabled(first));
    REQUIRE(driver.set_bus_master({.enabled = true}).ok());
    CHECK_FALSE(line_disabled(first));
    REQUIRE(control.silence({.id = assignments[0].id}).ok());
    CHECK(line_disabled(first));
    CHECK(driver.open_interrupt({})->number == 10);
    CHECK_FALSE(line_disabled(first));

    auto second = driver_of("pci:8086:2002");
    CHECK(second.open_interrupt({})->number == 11);
    CHECK(fixture.local.line_modes.at(11) == std::pair(true, true));  // ACPI says nothing of it
    CHECK(refusal("pci:8086:2003") == Error::AlreadyExists);  // the first has its line
    CHECK(driver_of("pci:8086:2004").open_interrupt({}).error() == Error::NotSupported);
    CHECK(driver_of("pci:8086:2005").open_interrupt({}).error() == Error::NotSupported);
    for (const auto& assignment : assignments) CHECK(control.unassign({.id = assignment.id}).or_error().ok());
}

TEST_CASE("an 8254 that root leaves is a device, with the input that ISA interrupt 0 has") {
    DevFixture fixture;
    CHECK(fixture.machine.overrides.push({.isa_interrupt = 0, .input = 2, .active_low = false, .level_triggered = false}).ok());
    fixture.machine.root_clock = dev::Machine::RootClock::Rtc;
    {
        dev::Devices devices;
        REQUIRE(devices.add_platform(fixture.machine).ok());
        CHECK(devices.find("pit", 0).error() == Error::NoDevice);
    }
    fixture.machine.spare_pit = true;
    dev::Devices devices;
    REQUIRE(devices.add_platform(fixture.machine).ok());
    const dev::Device& pit = devices[*devices.find("pit", 0)];
    CHECK(pit.platform.ports.first == 0x40);
    CHECK(pit.platform.ports.count == 4);
    CHECK(pit.lines.inputs == 1u << 2);
    CHECK_FALSE(pit.lines.level);
}

TEST_CASE("where the 8254 is not root's clock, its input is for an HPET that reaches no other") {
    DevFixture fixture;
    constexpr u32 kInputsOfI440fx = 0x4;
    CHECK(fixture.machine.overrides.push({.isa_interrupt = 0, .input = 2, .active_low = false, .level_triggered = false}).ok());
    const auto lines_of_hpet = [&] {
        dev::Devices devices;
        REQUIRE(devices.add_platform(fixture.machine).ok());
        return devices[*devices.find("hpet", 0)].lines.inputs;
    };
    CHECK((lines_of_hpet() & kInputsOfI440fx) == 0);
    fixture.machine.root_clock = dev::Machine::RootClock::Rtc;
    CHECK((lines_of_hpet() & kInputsOfI440fx) != 0);
}
