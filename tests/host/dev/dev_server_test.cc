// Assignments, windows, interrupts and pins: what a driver gets, what a hostile one does not, and what is taken back.
#include "dev_machine.h"

#include <servers/dev/assignment.h>

#include <algorithm>
#include <random>

using namespace eft;
using namespace eft::test;
using dev::Dev;

STAGE_CASE(DevScene, "a device belongs to one service, and only the control session assigns") {
    auto first = assign("pci:1af4:1042");
    REQUIRE(first.ok());
    CHECK(assign("pci:1af4:1042").error() == Error::Busy);
    CHECK(assign("pci:1af4:1042", 1).ok());
    CHECK(assign("pci:1af4:1042", 2).error() == Error::NoDevice);
    CHECK(assign("pci:ffff:ffff").error() == Error::NoDevice);
    DevClient& driver = first->driver;
    CHECK(driver.assign(match("com1")).error() == Error::PermissionDenied);
    CHECK(driver.silence({.id = first->id}).error() == Error::PermissionDenied);
    for (const Badge nobody : {Badge::None, Badge{1}, Badge{77}, Dev::badge_of(Kind::Driver, 77)}) CHECK(session(nobody).describe().error() == Error::StaleSession);
    DevClient person = session(Dev::badge_of(Kind::List, 6));
    CHECK(person.next({.after = 0}).ok());
    CHECK(driver.next({.after = 0}).error() == Error::PermissionDenied);
    CHECK(person.describe().error() == Error::PermissionDenied);
    CHECK(person.assign(match("com1")).error() == Error::PermissionDenied);
    CHECK(control.describe().error() == Error::PermissionDenied);

    REQUIRE(unassign(first->id) == Error::None);
    CHECK(driver.describe().error() == Error::InvalidCapability);  // its session is revoked
    CHECK(session(Dev::badge_of(Kind::Driver, first->id)).describe().error() == Error::StaleSession);
    CHECK(unassign(first->id) == Error::None);  // as who repeats it finds it
    CHECK(unassign(first->id + 1000) == Error::NotFound);
    const auto again = assign("pci:1af4:1042");
    REQUIRE(again.ok());
    CHECK(again->id != first->id);
}

STAGE_CASE(DevScene, "who asks again with the same number has the same assignment") {
    dev::Match wanted = match("pci:1af4:1042");
    wanted.key = 3;
    const auto first = control.assign(wanted);
    REQUIRE(first.ok());
    const u32 id = first->id;
    auto second = control.assign(wanted);
    REQUIRE(second.ok());
    CHECK(second->id == id);
    DevClient driver{CapHandle(second->session.release())};
    CHECK(driver.describe().ok());
    wanted.key = 4;
    CHECK(control.assign(wanted).error() == Error::Busy);
    wanted.key = 0;
    CHECK(control.assign(wanted).error() == Error::Busy);
    CHECK(unassign(id) == Error::None);
}

STAGE_CASE(DevScene, "a driver never gets a page of the MSI-X table") {
    auto disk = assign("pci:1af4:1042");
    REQUIRE(disk.ok());
    auto table = disk->driver.open_window({.index = 1});
    REQUIRE(table.ok());
    CHECK(!table->memory.present());
    auto configuration = disk->driver.open_window({.index = 4});
    REQUIRE(configuration.ok());
    CHECK(configuration->bytes == 0x4000);
    {
        const SharedMemory registers = *SharedMemory::borrow(configuration->memory.slot(), configuration->bytes);
        hw::Mmio(registers.bytes().data(), 0x4000).write<u32>(0x2004, 0x1234'5678);
        CHECK(window_at(kConfigurationWindow).word(0x2004) == 0x1234'5678);
    }
    CHECK(disk->driver.open_window({.index = 0}).error() == Error::NotFound);
    CHECK(disk->driver.open_window({.index = 6}).error() == Error::OutOfRange);
    CHECK(disk->driver.open_window({.index = ~0u}).error() == Error::OutOfRange);
    CHECK(disk->driver.open_ports({}).error() == Error::NotSupported);

    auto mixed = assign("pci:8086:10d3");
    REQUIRE(mixed.ok());
    auto window = mixed->driver.open_window({.index = 0});
    REQUIRE(window.ok());
    CHECK(window->bytes >= 0x2000);
    CHECK((window->start + window->bytes <= 0x2000 || window->start >= 0x4000));
    const SharedMemory registers = *SharedMemory::borrow(window->memory.slot(), window->bytes);
    CHECK(SharedMemory::borrow(window->memory.slot(), window->bytes + kPageSize).error() == Error::OutOfRange);
    RegisterWindow& device = window_at(kMixedWindow);
    const std::vector<u8> before = device.bytes;
    for (u32 at = 0; at < window->bytes; at += 4) hw::Mmio(registers.bytes().data(), window->bytes).write<u32>(at, 0xa5a5'a5a5);
    for (u64 at = 0; at < device.bytes.size(); ++at) {
        const bool given = at >= window->start && at < window->start + window->bytes;
        if (device.bytes[at] != (given ? 0xa5 : before[at])) FAIL_CHECK(at);
    }
}

STAGE_CASE(DevScene, "a window is forgotten as it was given when the device is given back, and dev has nothing mapped") {
    mem::MemClient<> physical{stage.connect(memory.program(), mem::Mem::badge_of(mem::Mem::SessionKind::Device, 77))};
    const Totals before = totals();
    auto mixed = assign("pci:8086:10d3");
    REQUIRE(mixed.ok());
    mem::DeviceRequest one_page;
    {
        auto window = mixed->driver.open_window({.index = 0});
        REQUIRE(window.ok());
        one_page.address = kMixedWindow + window->start;
        one_page.bytes = kPageSize;
        CHECK(physical.device_object(one_page).error() == Error::AlreadyExists);  // as part of another
    }
    REQUIRE(unassign(mixed->id) == Error::None);
    CHECK(physical.device_object(one_page).ok());
    CHECK(totals() == before);
}

STAGE_CASE(DevScene, "MSI-X tables outside of the function's windows are refused") {
    const Totals before = totals();
    PciFunction& disk = function(3);
    disk.set(0x98 + 4, 0x0ff8 | 1);
    CHECK(assign("pci:1af4:1042").error() == Error::NotSupported);
    disk.set(0x98 + 4, 2);  // no such BAR
    CHECK(assign("pci:1af4:1042").error() == Error::NotSupported);
    CHECK(totals() == before);
    CHECK(assign("pci:1af4:1042", 1).ok());
}

STAGE_CASE(DevScene, "interrupts stay the same over incarnations, and silencing masks them") {
    const RegisterWindow& table = window_at(kTableWindow);
    auto disk = assign("pci:1af4:1042");
    REQUIRE(disk.ok());
    DevClient& driver = disk->driver;
    auto first = driver.open_interrupt({.index = 1});
    REQUIRE(first.ok());
    CHECK(first->number == kFirstMsi);
    const Slot irq = first->irq.slot();
    CHECK(info_of(irq).type == ObjectType::Irq);
    CHECK(info_of(irq).data == ko::number_range(kFirstMsi, 1));
    const auto message = ko::irq_message(irq, kFirstMsi);
    REQUIRE(message.ok());
    CHECK(table.word(16) == message->address);
    CHECK(table.word(24) == message->data);
    CHECK((table.word(28) & 1) == 0);
    CHECK((table.word(12) & 1) == 1);
    const CapHandle wake = *make_wake(4);
    REQUIRE(ko::bind_irq(irq, kFirstMsi, wake.slot()).ok());
    stage.machine.interrupt(kFirstMsi);
    CHECK(poll_wake() == 4);
    CHECK(driver.open_interrupt({.index = 0})->number == kFirstMsi + 1);
    CHECK(driver.open_interrupt({.index = 2}).error() == Error::OutOfRange);
    auto second = assign("pci:1af4:1042", 1);
    CHECK(second->driver.open_interrupt({})->number == kFirstMsi + 2);

    REQUIRE(driver.set_bus_master({.enabled = true}).ok());
    CHECK((command(3) & 4) != 0);
    REQUIRE(control.silence({.id = disk->id}).ok());
    CHECK((command(3) & 4) == 0);
    CHECK((table.word(28) & 1) == 1);
    CHECK(driver.open_interrupt({.index = 1})->number == kFirstMsi);
    CHECK((table.word(28) & 1) == 0);

    REQUIRE(unassign(disk->id) == Error::None);
    CHECK(!is_there(irq));
    stage.machine.interrupt(kFirstMsi);
    CHECK(poll_wake() == 0);
    CHECK(second->driver.open_interrupt({.index = 1})->number == kFirstMsi);  // free again
}

STAGE_CASE(DevScene, "a device that has MSI only has one interrupt") {
    auto device = assign("pci:1234:11e8");
    REQUIRE(device.ok());
    DevClient& driver = device->driver;
    CHECK(driver.describe()->interrupts == 1);
    CHECK(driver.open_interrupt({.index = 1}).error() == Error::OutOfRange);
    auto interrupt = driver.open_interrupt({});
    REQUIRE(interrupt.ok());
    CHECK(interrupt->number == kFirstMsi);
    const auto message = ko::irq_message(interrupt->irq.slot(), kFirstMsi);
    const PciFunction& edu = function(6);
    CHECK((edu.get(0x40) >> 16) == 0x0081);
    CHECK((edu.get(0x44) == message->address && edu.get(0x48) == 0 && edu.get(0x4c) == message->data));
    REQUIRE(control.silence({.id = device->id}).ok());
    CHECK((edu.get(0x40) >> 16) == 0x0080);
    CHECK(driver.open_interrupt({})->number == kFirstMsi);
    CHECK((edu.get(0x40) >> 16) == 0x0081);
}

STAGE_CASE(DevScene, "pins are let go when the device has reported that it is reset, and not before") {
    constexpr u64 kPages = 300;
    auto disk = assign("pci:1af4:1042");
    REQUIRE(disk.ok());
    DevClient& driver = disk->driver;
    SharedMemory shared = *SharedMemory::create(kPages * kPageSize);
    dev::PinRequest request;
    request.object = decltype(request.object)(slot(WellKnown::Endpoint));
    CHECK(driver.pin(request).error() == Error::InvalidArgument);
    request.object = decltype(request.object)(shared.object().slot());
    const auto pinned = driver.pin(request);
    REQUIRE(pinned.ok());
    CHECK(pinned->pages == kPages);
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 0})->addresses.size() == 256);
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 256})->addresses.size() == 44);
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 300})->addresses.empty());
    CHECK(driver.pinned_at({.pin = pinned->pin, .first = 301}).error() == Error::OutOfRange);
    CHECK(driver.pinned_at({.pin = 0}).error() == Error::NotFound);
    const u64 address = driver.pinned_at({.pin = pinned->pin, .first = 7})->addresses[0];
    shared.bytes()[7 * kPageSize] = std::byte{0x5a};
    CHECK(stage.machine.memory(address)[0] == std::byte{0x5a});
    auto other = assign("pci:1af4:1042", 1);
    CHECK(other->driver.pinned_at({.pin = pinned->pin}).error() == Error::NotFound);
    CHECK(other->driver.unpin({.pin = pinned->pin}).ok());

    shared.reset();
    const u64 free = memory.free_pages();  // those of the object are not among them
    window_at(kConfigurationWindow).stuck_in_reset = true;
    CHECK(control.silence({.id = disk->id}).error() == Error::TimedOut);
    CHECK(unassign(disk->id) == Error::TimedOut);
    CHECK(memory.free_pages() == free);
    CHECK(driver.describe().ok());
    window_at(kConfigurationWindow).stuck_in_reset = false;
    REQUIRE(control.silence({.id = disk->id}).ok());
    CHECK(memory.free_pages() >= free + kPages);

    shared = *SharedMemory::create(kPageSize);
    request.object = decltype(request.object)(shared.object().slot());
    for (u32 i = 0; i < dev::AssignedDevice::kMostPins; ++i) REQUIRE(driver.pin(request).ok());
    CHECK(driver.pin(request).error() == Error::LimitReached);
}

STAGE_CASE(DevScene, "platform devices: ports, lines, windows") {
    auto serial = assign("com1"), clock = assign("hpet");
    REQUIRE(serial.ok());
    REQUIRE(clock.ok());
    DevClient &uart = serial->driver, &hpet = clock->driver;
    {
        auto ports = uart.open_ports({});
        REQUIRE(ports.ok());
        CHECK((ports->first == 0x3f8 && ports->count == 8));
        CHECK(info_of(ports->ports.slot()).type == ObjectType::IoPorts);
        CHECK(info_of(ports->ports.slot()).data == ko::number_range(0x3f8, 8));
        CHECK(ko::port_in(ports->ports.slot(), 0x3ff, 1).ok());
        CHECK(ko::port_in(ports->ports.slot(), 0x3ff, 2).error() == Error::InvalidArgument);
    }
    auto counter = assign("pit");
    REQUIRE(counter.ok());
    CHECK(info_of(counter->driver.open_ports({})->ports.slot()).data == ko::number_range(0x40, 4));
    CHECK(uart.open_ports({.index = 1}).error() == Error::OutOfRange);
    CHECK(hpet.open_ports({}).error() == Error::NotSupported);
    CHECK(uart.open_interrupt({})->number == 4);
    CHECK(uart.open_window({}).error() == Error::NotSupported);
    CHECK(uart.set_bus_master({.enabled = true}).error() == Error::NotSupported);
    CHECK(hpet.open_window({})->bytes == kPageSize);
    CHECK(hpet.open_interrupt({.index = 0, .lines = 0x0000'0104}).error() == Error::NotSupported);
    CHECK(hpet.open_interrupt({.index = 0, .lines = 0x00f0'0104})->number == 20);
    CHECK(stage.machine.line_mode(20) == host::Machine::LineMode{false, false});
    CHECK(control.silence({.id = clock->id}).ok());
}

STAGE_CASE(DevScene, "devices are listed, and random messages of a driver change nothing of others") {
    std::size_t count = 0;
    for (u32 after = 0;; ++count) {
        const auto line = control.next({.after = after});
        if (!line.ok()) break;
        after = line->index;
    }
    CHECK(count == 7);

    auto disk = assign("pci:1af4:1042");
    const Totals before = totals();
    auto hostile = assign("pci:1af4:1042", 1);
    REQUIRE(hostile.ok());
    const u16 command_before = command(3);
    const SharedMemory shared = *SharedMemory::create(3 * kPageSize);
    const Slot sent[] = {shared.object().slot(), slot(WellKnown::Endpoint), slot(WellKnown::SelfSignal)};
    std::mt19937_64 random(3);
    for (int i = 0; i < 20'000; ++i) {
        sys::Registers registers;
        const unsigned caps = random() % 3;
        registers.tag = Tag(make_label(Dev::kInterfaceId, static_cast<u16>(random() % 15)), random() % 9, caps);
        for (u64& word : registers.w) word = random() % 2 ? random() % 300 : random();
        for (unsigned cap = 0; cap < caps; ++cap) sys::utcb().send_slots[cap] = raw(sent[random() % 3]);
        REQUIRE(sys::call(hostile->driver.transport().slot(), registers) == Error::None);
        ipc::ReceivedCaps received([]() -> Utcb& { return sys::utcb(); }, registers.tag);
    }
    CHECK(dev->deaths == 0);
    CHECK(command(3) == command_before);
    CHECK(disk->driver.describe().ok());
    CHECK(unassign(hostile->id) == Error::None);
    CHECK(totals() == before);
}
