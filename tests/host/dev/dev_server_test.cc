// Assignments, windows, interrupts and pins: what a driver gets, what a hostile one does not, and what is taken back.
#include "dev_fixture.h"

#include <random>

using namespace eft;
using namespace eft::test;

TEST_CASE_FIXTURE(DevFixture, "a device belongs to one service, and only the control session assigns") {
    const auto first = assign("pci:1af4:1042");
    REQUIRE(first.ok());
    CHECK(assign("pci:1af4:1042").error() == Error::Busy);
    CHECK(assign("pci:1af4:1042", 1).ok());
    CHECK(assign("pci:1af4:1042", 2).error() == Error::NoDevice);
    CHECK(assign("pci:ffff:ffff").error() == Error::NoDevice);
    auto driver = driver_of(*first);
    dev::Match match;
    match.device = "com1";
    CHECK(driver.assign(match).or_error().error() == Error::PermissionDenied);
    CHECK(driver.silence({.id = first->id}).error() == Error::PermissionDenied);
    for (const Badge nobody : {Badge::None, Badge{1}, Badge{77}, dev::Dev::badge_of(dev::Dev::SessionKind::Driver, 77)}) {
        Client stranger(transport, nobody);
        CHECK(stranger.describe().error() == Error::StaleSession);
    }
    Client person(transport, dev::Dev::badge_of(dev::Dev::SessionKind::List, 6));
    CHECK(person.next({.after = 0}).ok());
    CHECK(driver.next({.after = 0}).error() == Error::PermissionDenied);
    CHECK(person.describe().error() == Error::PermissionDenied);
    CHECK(person.assign(match).or_error().error() == Error::PermissionDenied);
    CHECK(control.describe().error() == Error::PermissionDenied);

    REQUIRE(control.unassign({.id = first->id}).or_error().ok());
    CHECK(driver.describe().error() == Error::StaleSession);
    CHECK(control.unassign({.id = first->id}).or_error().error() == Error::NotFound);
    const auto again = assign("pci:1af4:1042");
    REQUIRE(again.ok());
    CHECK(again->id != first->id);
}

TEST_CASE_FIXTURE(DevFixture, "a driver never gets a page of the MSI-X table") {
    const auto disk = assign("pci:1af4:1042");
    REQUIRE(disk.ok());
    auto driver = driver_of(*disk);
    auto table = driver.open_window({.index = 1});
    REQUIRE(table.ok());
    CHECK(!table->memory.present());
    auto configuration = driver.open_window({.index = 4});
    REQUIRE(configuration.ok());
    CHECK(configuration->bytes == 0x4000);
    CHECK(object_of(configuration->memory.slot()) == LocalResources::kWindow + kConfigurationWindow);
    CHECK(driver.open_window({.index = 0}).error() == Error::NotFound);
    CHECK(driver.open_window({.index = 6}).error() == Error::OutOfRange);
    CHECK(driver.open_window({.index = ~0u}).error() == Error::OutOfRange);
    CHECK(driver.open_ports({}).error() == Error::NotSupported);

    const auto mixed = assign("pci:8086:10d3");
    REQUIRE(mixed.ok());
    auto other = driver_of(*mixed);
    auto window = other.open_window({.index = 0});
    REQUIRE(window.ok());
    const u64 start = kMixedWindow + window->start, end = start + window->bytes;
    CHECK(window->bytes >= 0x2000);
    CHECK((end <= kMixedWindow + 0x2000 || start >= kMixedWindow + 0x4000));
    for (const auto& [address, bytes] : local.objects)
        for (const auto& [address2, bytes2] : local.objects)
            CHECK((address == address2 || address + bytes <= address2 || address2 + bytes2 <= address));  // mem allows no overlap
}

TEST_CASE_FIXTURE(DevFixture, "a window is forgotten as it was given when the device is given back, and dev has nothing mapped") {
    const auto mixed = assign("pci:8086:10d3");
    REQUIRE(mixed.ok());
    const auto window = driver_of(*mixed).open_window({.index = 0});
    REQUIRE(window.ok());
    const std::pair<u64, u64> given{kMixedWindow + window->start, window->bytes};
    CHECK(local.objects.contains(given));
    REQUIRE(control.unassign({.id = mixed->id}).or_error().ok());
    CHECK(!local.objects.contains(given));
    CHECK(local.mapped == 0);
}

TEST_CASE_FIXTURE(DevFixture, "MSI-X tables outside of the function's windows are refused") {
    auto& disk = segment.functions[PciSegment::key(0, 3, 0)];
    disk.set(0x98 + 4, 0x0ff8 | 1);
    CHECK(assign("pci:1af4:1042").error() == Error::NotSupported);
    disk.set(0x98 + 4, 2);  // no such BAR
    CHECK(assign("pci:1af4:1042").error() == Error::NotSupported);
    CHECK(local.mapped == 0);
    CHECK(assign("pci:1af4:1042", 1).ok());
}

TEST_CASE_FIXTURE(DevFixture, "interrupts stay the same over incarnations, and silencing masks them") {
    const auto disk = assign("pci:1af4:1042");
    REQUIRE(disk.ok());
    auto driver = driver_of(*disk);
    auto first = driver.open_interrupt({.index = 1});
    REQUIRE(first.ok());
    CHECK(first->number == kFirstMsi);
    CHECK(object_of(first->irq.slot()) == LocalResources::kInterrupt + kFirstMsi);
    CHECK(table_word(4) == 0xfee0'0000);
    CHECK(table_word(6) == 0x40 + kFirstMsi);
    CHECK((table_word(7) & 1) == 0);
    CHECK((table_word(3) & 1) == 1);
    CHECK(driver.open_interrupt({.index = 0})->number == kFirstMsi + 1);
    CHECK(driver.open_interrupt({.index = 2}).error() == Error::OutOfRange);
    const auto second = assign("pci:1af4:1042", 1);
    CHECK(driver_of(*second).open_interrupt({})->number == kFirstMsi + 2);

    REQUIRE(driver.set_bus_master({.enabled = true}).ok());
    CHECK((command(3) & 4) != 0);
    REQUIRE(control.silence({.id = disk->id}).ok());
    CHECK((command(3) & 4) == 0);
    CHECK((table_word(7) & 1) == 1);
    CHECK(driver.open_interrupt({.index = 1})->number == kFirstMsi);
    CHECK((table_word(7) & 1) == 0);

    REQUIRE(control.unassign({.id = disk->id}).or_error().ok());
    CHECK(std::count(local.revoked.begin(), local.revoked.end(), LocalResources::kInterrupt + kFirstMsi) == 1);
    CHECK(driver_of(*second).open_interrupt({.index = 1})->number == kFirstMsi);  // free again
}

TEST_CASE_FIXTURE(DevFixture, "a device that has MSI only has one interrupt") {
    const auto device = assign("pci:1234:11e8");
    REQUIRE(device.ok());
    auto driver = driver_of(*device);
    CHECK(driver.describe()->interrupts == 1);
    CHECK(driver.open_interrupt({.index = 1}).error() == Error::OutOfRange);
    auto interrupt = driver.open_interrupt({});
    REQUIRE(interrupt.ok());
    CHECK(interrupt->number == kFirstMsi);
    const PciFunction& edu = segment.functions[PciSegment::key(0, 6, 0)];
    CHECK((edu.get(0x40) >> 16) == 0x0081);
    CHECK((edu.get(0x44) == 0xfee0'0000 && edu.get(0x48) == 0 && edu.get(0x4c) == 0x40 + kFirstMsi));
    REQUIRE(control.silence({.id = device->id}).ok());
    CHECK((edu.get(0x40) >> 16) == 0x0080);
    CHECK(driver.open_interrupt({})->number == kFirstMsi);
    CHECK((edu.get(0x40) >> 16) == 0x0081);
}

TEST_CASE_FIXTURE(DevFixture, "pins are let go when the device has reported that it is reset, and not before") {
    auto& caps = ipc::local_caps();
    const auto disk = assign("pci:1af4:1042");
    REQUIRE(disk.ok());
    auto driver = driver_of(*disk);
    local.object_pages[555] = 300;
    const ipc::LocalHandle memory(caps.create(555)), nothing(caps.create(556));
    dev::PinRequest request;
    request.object = ipc::CapField<ipc::kind::Memory>(nothing);
    CHECK(driver.pin(request).or_error().error() == Error::InvalidArgument);
    request.object = ipc::CapField<ipc::kind::Memory>(memory);
    const auto pinned = driver.pin(request).or_error();
    REQUIRE(pinned.ok());
    CHECK(pinned->pages == 300);
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 0})->addresses.size() == 256);
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 256})->addresses.size() == 44);
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 300})->addresses.empty());
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 301}).error() == Error::OutOfRange);
    CHECK(driver.pinned_at({.pin = 0}).error() == Error::NotFound);
    const auto other = assign("pci:1af4:1042", 1);
    CHECK(driver_of(*other).pinned_at({.pin = pinned->pin}).error() == Error::NotFound);
    CHECK(driver_of(*other).unpin({.pin = pinned->pin}).ok());
    CHECK(local.pins[555] == 1);

    window_at(kConfigurationWindow).stuck_in_reset = true;
    CHECK(control.silence({.id = disk->id}).error() == Error::TimedOut);
    CHECK(local.pins[555] == 1);
    CHECK(control.unassign({.id = disk->id}).or_error().error() == Error::TimedOut);
    window_at(kConfigurationWindow).stuck_in_reset = false;
    REQUIRE(control.silence({.id = disk->id}).ok());
    CHECK(local.pins[555] == 0);

    for (u32 i = 0; i < dev::AssignedDevice::kMostPins; ++i) REQUIRE(driver.pin(request).or_error().ok());
    CHECK(driver.pin(request).or_error().error() == Error::LimitReached);
}

TEST_CASE_FIXTURE(DevFixture, "platform devices: ports, lines, windows") {
    const auto serial = assign("com1"), clock = assign("hpet");
    REQUIRE(serial.ok());
    REQUIRE(clock.ok());
    auto uart = driver_of(*serial), hpet = driver_of(*clock);
    auto ports = uart.open_ports({});
    REQUIRE(ports.ok());
    CHECK(object_of(ports->ports.slot()) == LocalResources::kPorts + 0x3f8 * 100 + 8);
    CHECK(uart.open_interrupt({})->number == 4);
    CHECK(uart.open_window({}).error() == Error::NotSupported);
    CHECK(uart.set_bus_master({.enabled = true}).error() == Error::NotSupported);
    CHECK(hpet.open_window({})->bytes == kPageSize);
    CHECK(hpet.open_interrupt({.index = 0, .lines = 0x0000'0104}).error() == Error::NotSupported);
    CHECK(hpet.open_interrupt({.index = 0, .lines = 0x00f0'0104})->number == 20);
    CHECK(local.line_modes.at(20) == std::pair(false, false));
    CHECK(control.silence({.id = clock->id}).ok());
}

TEST_CASE_FIXTURE(DevFixture, "devices are listed, and random messages of a driver change nothing of others") {
    std::size_t count = 0;
    for (u32 after = 0;; ++count) {
        const auto line = control.next({.after = after});
        if (!line.ok()) break;
        after = line->index;
    }
    CHECK(count == devices.count());

    const auto disk = assign("pci:1af4:1042");
    const auto hostile = assign("pci:1af4:1042", 1);
    REQUIRE(hostile.ok());
    const u64 badge = object_of(hostile->session.slot()) - LocalResources::kSession;
    const u16 before = command(3);
    std::mt19937_64 random(3);
    Utcb page{};
    auto& caps = ipc::local_caps();
    local.object_pages[900'001] = 3;
    for (int i = 0; i < 20'000; ++i) {
        ipc::Registers registers;
        const unsigned sent = random() % 3;
        registers.tag = Tag(make_label(dev::Dev::kInterfaceId, random() % 15), random() % 9, sent);
        for (u64& word : registers.w) word = random() % 2 ? random() % 300 : random();
        for (unsigned cap = 0; cap < sent; ++cap) page.send_slots[cap] = raw(caps.create(900'000 + random() % 3));
        for (u32& slot : page.receive_slots) slot = caps.take_free_slot();
        static_cast<void>(transport.call(registers, page, badge));
        for (unsigned cap = 0; cap < sent; ++cap) caps.drop(static_cast<Slot>(page.send_slots[cap]));
    }
    CHECK(command(3) == before);
    CHECK(driver_of(*disk).describe().ok());
    CHECK(control.unassign({.id = hostile->id}).or_error().ok());
}
