// Assignments, windows, interrupts and pins: what a driver gets, what a hostile one does not, and what is taken back.
#include <doctest/doctest.h>

#include "local_resources.h"

#include <servers/dev/device_server.h>

#include <eft/ipc/local_transport.h>

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u64 kConfigurationWindow = 0xfe00'0000, kTableWindow = 0xfebd'1000, kMixedWindow = 0xfe10'0000;

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

// QEMU's virtio-blk-pci: configuration in BAR 4, MSI-X alone in BAR 1.
PciFunction& add_disk(PciSegment& segment, std::deque<RegisterWindow>& windows, u8 device, u64 displacement) {
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

struct Fixture {
    Fixture() {
        machine.hpet = dev::HpetLocation{0xfed0'0000, 0};
        CHECK(machine.ecam.push({PciSegment::kEcam, 0, 0, 0}).ok());
        add_disk(segment, windows, 3, 0);
        add_disk(segment, windows, 4, 0x1'0000);
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
        space.open(machine.ecam);
        CHECK(dev::find_devices(devices, machine, space).ok());
        CHECK(local.mapped == 0);
    }

    using Server = dev::DeviceServer;
    using LocalServer = ipc::LocalServer<dev::Dev, Server>;
    using Client = dev::DevClient<ipc::LocalTransport<LocalServer>>;

    Result<dev::Assignment> assign(std::string_view device, u32 index = 0) {
        dev::Match match;
        match.device = device;
        match.index = index;
        return control.assign(match).or_error();
    }
    // The driver of what was assigned.
    Client driver_of(const dev::Assignment& assignment) {
        return Client(transport, Badge{ipc::local_caps().object(assignment.session.slot()) - LocalResources::kSession});
    }
    static u64 object_of(Slot slot) { return ipc::local_caps().object(slot); }
    u16 command(u8 device) { return static_cast<u16>(segment.functions[PciSegment::key(0, device, 0)].get(4)); }
    RegisterWindow& window_at(u64 address) {
        for (RegisterWindow& window : windows)
            if (window.address == address) return window;
        std::abort();
    }
    u32 table_word(u32 word) {
        u32 value;
        std::memcpy(&value, window_at(kTableWindow).bytes.data() + 4 * word, 4);
        return value;
    }

    dev::Machine machine;
    LocalResources local;
    PciSegment segment;
    std::deque<RegisterWindow> windows;
    dev::Resources resources;
    dev::ConfigurationSpace space{resources};
    dev::Devices devices;
    Server server{resources, space, devices};
    LocalServer transport{server};
    Client control{transport, dev::Dev::badge_of(dev::Dev::SessionKind::Control, 6)};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a device belongs to one service, and only the control session assigns") {
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

// QEMU's plain virtio-blk-pci: an identity of its own, the old interface in BAR 0, and the modern one.
TEST_CASE("a transitional virtio device is found under the modern identity of its kind, and under its own") {
    Fixture fixture;
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
    Fixture::LocalServer transport{server};
    Fixture::Client control{transport, dev::Dev::badge_of(dev::Dev::SessionKind::Control, 6)};
    dev::Match match;
    match.device = "pci:1af4:1042";
    match.index = 2;
    const auto assignment = control.assign(match).or_error();
    REQUIRE(assignment.ok());
    Fixture::Client driver(transport, Badge{Fixture::object_of(assignment->session.slot()) - LocalResources::kSession});
    CHECK(driver.open_window({.index = 0}).error() == Error::NotSupported);
    CHECK(driver.open_window({.index = 4})->bytes == 0x4000);
    CHECK(control.unassign({.id = assignment->id}).or_error().ok());
}

TEST_CASE_FIXTURE(Fixture, "a driver never gets a page of the MSI-X table") {
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

TEST_CASE_FIXTURE(Fixture, "a window is forgotten as it was given when the device is given back, and dev has nothing mapped") {
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

TEST_CASE_FIXTURE(Fixture, "MSI-X tables outside of the function's windows are refused") {
    auto& disk = segment.functions[PciSegment::key(0, 3, 0)];
    disk.set(0x98 + 4, 0x0ff8 | 1);
    CHECK(assign("pci:1af4:1042").error() == Error::NotSupported);
    disk.set(0x98 + 4, 2);  // no such BAR
    CHECK(assign("pci:1af4:1042").error() == Error::NotSupported);
    CHECK(local.mapped == 0);
    CHECK(assign("pci:1af4:1042", 1).ok());
}

TEST_CASE_FIXTURE(Fixture, "interrupts stay the same over incarnations, and silencing masks them") {
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

TEST_CASE_FIXTURE(Fixture, "a device that has MSI only has one interrupt") {
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

TEST_CASE_FIXTURE(Fixture, "pins are let go when the device has reported that it is reset, and not before") {
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

TEST_CASE_FIXTURE(Fixture, "platform devices: ports, lines, windows") {
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

TEST_CASE_FIXTURE(Fixture, "devices are listed, and random messages of a driver change nothing of others") {
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
