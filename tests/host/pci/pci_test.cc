// Enumeration, BAR sizing, MSI-X and silencing on a q35-like segment, with bridges and devices that lie.
#include "physical_memory.h"

#include <servers/dev/find.h>
#include <servers/dev/silence.h>

#include <doctest/doctest.h>

#include <vector>

using namespace eft;
using namespace eft::dev;
using test::PciFunction;
using test::PciSegment;

namespace {

struct Q35 {
    test::FlatMemory local;
    PhysicalMemory memory;
    PciSegment segment;
    u8 last_bus = 0xff;
    bool has_ecam = true;
    PciBuses possible_roots = PciBuses().set();
    PciFunction& host = segment.add(0, 0, 0, 0x8086, 0x29c0, 6, 0);
    PciFunction& port = segment.add_bridge(0, 2, 1);
    PciFunction& isa = segment.add(0, 31, 0, 0x8086, 0x2918, 6, 1);
    PciFunction& sata = segment.add(0, 31, 2, 0x8086, 0x2922, 1, 6);
    PciFunction& disk = segment.add(1, 0, 0, 0x1af4, 0x1042, 1, 0);
    std::vector<FunctionInfo> found;

    Q35() {
        isa.bytes[0x0e] = 0x80;  // more functions
        // BAR 1: 4 KiB, 32 bits; BAR 2: ports; BAR 4: 16 KiB, 64 bits, prefetchable, above 4 GiB.
        disk.sticky = {0, 0xffff'f000, 0xffe0, 0, 0xffff'c000, 0xffff'ffff};
        disk.set(0x14, 0xfeb0'0000);
        disk.set(0x18, 0xc041);
        disk.set(0x20, 0x0000'000c);
        disk.set(0x24, 0x0000'0038);
        disk.set(4, 7, 2);
        // Capabilities: express at 0x40 with function-level reset, MSI-X at 0x84.
        disk.bytes[6] = 0x10;
        disk.bytes[0x34] = 0x40;
        disk.set(0x40, 0x8410, 2);
        disk.set(0x44, 1u << 28);
        disk.set(0x84, 0x0011, 2);
        disk.set(0x86, 2, 2);
        disk.set(0x88, 1);
        disk.set(0x8c, 0x801);
    }
    // Answers how many bridges were passed over.
    Result<u32> walk() {
        found.clear();
        BoundedList<EcamRange, 8> windows;
        if (has_ecam) CHECK(windows.push({PciSegment::kEcam, 0, 0, last_bus}).ok());
        ConfigurationSpace space(memory, Slot{1});
        space.open(windows);
        FunctionWalk functions(space, 0, possible_roots);
        for (;;) {
            EFT_TRY(const auto function, functions.next());
            if (!function) break;
            CHECK(hw::read<pci::VendorId>(functions.configuration()).raw() == function->vendor);
            found.push_back(*function);
        }
        CHECK(local.mapped == 0);
        return functions.passed_over();
    }
    pci::Configuration at(const PciFunction& function) const { return segment.configuration(function); }
};

// The common configuration of a virtio device whose status shows the reset only after some looks.
class SlowReset final : public host::DeviceModel {
public:
    static constexpr u64 kAddress = 0xfeb0'0000;

    explicit SlowReset(const PciFunction& function) : function_(function) {}
    hw::Mmio registers() const { return {reinterpret_cast<volatile void*>(kAddress), virtio::kCommonLength}; }
    int looks = 5;
    u8 written = 0xff;

private:
    u64 read(u64 offset, unsigned) override { return offset == 0x14 && (function_.bytes[4] & 2) && looks-- <= 0 ? 0 : 0x0f; }
    void write(u64 offset, unsigned, u64 value) override {
        if (offset == 0x14) written = static_cast<u8>(value);
    }

    const PciFunction& function_;
    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kAddress, virtio::kCommonLength};
};

}  // namespace

TEST_CASE_FIXTURE(Q35, "every function is found, those behind the bridge too") {
    const auto result = walk();
    REQUIRE(result.ok());
    CHECK(found.size() == 5);
    CHECK(*result == 0);
    REQUIRE(found.size() == 5);
    CHECK(found[3].address == pci::FunctionAddress{0, 0, 31, 2});
    CHECK(found[4].address == pci::FunctionAddress{0, 1, 0, 0});
    CHECK(found[4].vendor == 0x1af4);
    CHECK(found[1].is_bridge);
}

// QEMU's pxb-pcie: the second root bus has a host bridge on the first, but no bridge that leads to it.
TEST_CASE_FIXTURE(Q35, "devices behind a second root bus are found, after those of the first") {
    segment.add(0, 4, 0, 0x1b36, 0x000b, 6, 0);
    segment.add_bridge(64, 3, 65);
    segment.add(65, 0, 0, 0x1af4, 0x1042, 1, 0);
    REQUIRE(walk().ok());
    REQUIRE(found.size() == 8);
    CHECK(found[5].address == pci::FunctionAddress{0, 1, 0, 0});
    CHECK(found[6].address == pci::FunctionAddress{0, 64, 3, 0});
    CHECK(found[7].address == pci::FunctionAddress{0, 65, 0, 0});
    CHECK((found[5].root_bus == 0 && found[6].root_bus == 64 && found[7].root_bus == 64));

    possible_roots.reset().set(0).set(64);
    REQUIRE(walk().ok());
    CHECK(found.size() == 8);
    possible_roots.reset(64).set(66);
    REQUIRE(walk().ok());
    CHECK(found.size() == 6);
}

// SeaBIOS writes a wrong one for QEMU's pxb-pcie.
TEST_CASE_FIXTURE(Q35, "what firmware says of interrupt lines counts on the first root bus and behind it only") {
    PciFunction& other = segment.add(64, 0, 0, 0x1af4, 0x1041, 2, 0);
    for (PciFunction* each : {&disk, &other}) each->set(0x3c, 0x010a, 2);
    segment.add_ports();
    ConfigurationSpace space(memory, Slot{1});
    space.open({});
    const auto machine = std::make_unique<Found>();
    Devices& devices = machine->devices;
    REQUIRE(find_devices(*machine, Machine(), space).ok());
    CHECK(devices[*devices.find("pci:1af4:1042", 0)].lines.inputs == 1u << 10);
    CHECK(devices[*devices.find("pci:1af4:1041", 0)].lines.inputs == 0);
}

TEST_CASE_FIXTURE(Q35, "through the ports everything is found and measured, with and without an ECAM window") {
    segment.add_ports();
    SUBCASE("q35") {}
    SUBCASE("i440fx") { has_ecam = false; }
    const auto before = disk.bytes;
    REQUIRE(walk().ok());
    REQUIRE(found.size() == 5);
    CHECK(found[3].address == pci::FunctionAddress{0, 0, 31, 2});
    CHECK(found[4].address == pci::FunctionAddress{0, 1, 0, 0});
    ConfigurationSpace space(memory, Slot{1});
    space.open({});
    const auto configuration = space.map(found[4].address);
    REQUIRE(configuration.ok());
    const auto bars = measure_bars(*configuration);
    REQUIRE(bars.ok());
    REQUIRE(bars->size() == 3);
    CHECK(((*bars)[2].address == 0x38'0000'0000 && (*bars)[2].length == 0x4000));
    CHECK(disk.bytes == before);
    REQUIRE(pci::find_msix(*configuration)->has_value());
    pci::set_msix(*configuration, **pci::find_msix(*configuration), true, false);
    CHECK((disk.get(0x84) >> 16) == 0x8002);
    CHECK(local.mapped == 0);
    CHECK(space.map({1, 0, 0, 0}).error() == Error::OutOfRange);
}

TEST_CASE("a machine without PCI has no bus") {
    const test::FlatMemory local;
    PhysicalMemory memory;
    ConfigurationSpace space(memory, Slot{1});
    space.open({});
    CHECK_FALSE(space.covers(0, 0));
    const auto machine = std::make_unique<Found>();
    Devices& devices = machine->devices;
    CHECK(find_devices(*machine, Machine(), space).ok());
    CHECK(devices.count() == 1);
}

TEST_CASE("an 8254 that root leaves is a device, with the input that ISA interrupt 0 has") {
    Machine machine;
    CHECK(machine.overrides.push({.isa_interrupt = 0, .input = 2, .active_low = false, .level_triggered = false}).ok());
    machine.root_clock = Machine::RootClock::Rtc;
    {
        Devices devices;
        REQUIRE(devices.add_platform(machine).ok());
        CHECK(devices.find("pit", 0).error() == Error::NoDevice);
    }
    machine.spare_pit = true;
    Devices devices;
    REQUIRE(devices.add_platform(machine).ok());
    const Device& pit = devices[*devices.find("pit", 0)];
    CHECK(pit.platform.ports.first == 0x40);
    CHECK(pit.platform.ports.count == 4);
    CHECK(pit.lines.inputs == 1u << 2);
    CHECK_FALSE(pit.lines.level);
}

TEST_CASE("where the 8254 is not root's clock, its input is for an HPET that reaches no other") {
    Machine machine;
    machine.hpet = HpetLocation{0xfed0'0000, 0};
    constexpr u32 kInputsOfI440fx = 0x4;
    CHECK(machine.overrides.push({.isa_interrupt = 0, .input = 2, .active_low = false, .level_triggered = false}).ok());
    const auto lines_of_hpet = [&] {
        Devices devices;
        REQUIRE(devices.add_platform(machine).ok());
        return devices[*devices.find("hpet", 0)].lines.inputs;
    };
    CHECK((lines_of_hpet() & kInputsOfI440fx) == 0);
    machine.root_clock = Machine::RootClock::Rtc;
    CHECK((lines_of_hpet() & kInputsOfI440fx) != 0);
}

TEST_CASE_FIXTURE(Q35, "what lies behind hundreds of other functions is listed") {
    for (unsigned bus = 1; bus < 120; ++bus) segment.add_bridge(static_cast<u8>(bus), 1, static_cast<u8>(bus + 1));
    for (u8 device = 2; device < 32; ++device) segment.add(7, device, 0, 0x8086, 0x10d3, 2, 0);
    segment.add(120, 0, 0, 0x1af4, 0x1041, 2, 0);
    segment.add_ports();
    ConfigurationSpace space(memory, Slot{1});
    space.open({});
    const auto machine = std::make_unique<Found>();
    Devices& devices = machine->devices;
    CHECK(find_devices(*machine, Machine(), space).ok());
    CHECK(devices.find("pci:1af4:1041", 0).ok());
}

TEST_CASE_FIXTURE(Q35, "functions of a device without the multifunction bit are not looked for") {
    isa.bytes[0x0e] = 0;
    REQUIRE(walk().ok());
    CHECK(found.size() == 4);
}

TEST_CASE_FIXTURE(Q35, "bridges that lead in circles, nowhere, or out of the window are passed over") {
    SUBCASE("not set up") { segment.add_bridge(0, 3, 0); }
    SUBCASE("to the same bus as another") { segment.add_bridge(0, 3, 1); }
    SUBCASE("back to the root") { segment.add_bridge(1, 3, 0); }
    SUBCASE("outside the window") {
        last_bus = 1;
        segment.add_bridge(0, 3, 2);
    }
    const auto result = walk();
    REQUIRE(result.ok());
    CHECK(found.size() == 6);
    CHECK(*result == 1);
}

TEST_CASE_FIXTURE(Q35, "a chain through all 256 buses ends") {
    for (unsigned bus = 1; bus < 255; ++bus) segment.add_bridge(static_cast<u8>(bus), 1, static_cast<u8>(bus + 1));
    segment.add_bridge(255, 1, 0);
    const auto result = walk();
    REQUIRE(result.ok());
    CHECK(found.size() == 5 + 255);
    CHECK(*result == 1);
}

TEST_CASE_FIXTURE(Q35, "BARs are measured and left as they were, with decoding off meanwhile") {
    const auto before = disk.bytes;
    const auto bars = measure_bars(at(disk));
    REQUIRE(bars.ok());
    REQUIRE(bars->size() == 3);
    const Bar& table = (*bars)[0];
    CHECK((table.index == 1 && table.kind == BarKind::Memory32 && !table.prefetchable));
    CHECK((table.address == 0xfeb0'0000 && table.length == 0x1000));
    const Bar& ports = (*bars)[1];
    CHECK((ports.index == 2 && ports.kind == BarKind::Io && ports.address == 0xc040 && ports.length == 0x20));
    const Bar& window = (*bars)[2];
    CHECK((window.index == 4 && window.kind == BarKind::Memory64 && window.prefetchable));
    CHECK((window.address == 0x38'0000'0000 && window.length == 0x4000));
    CHECK(disk.bytes == before);
    CHECK(disk.moved_while_decoding == 0);
}

TEST_CASE_FIXTURE(Q35, "a 64-bit BAR in the last place is refused, and left as it was") {
    disk.sticky[4] = 0;
    disk.sticky[5] = 0xffff'f000;
    disk.set(0x20, 0);
    disk.set(0x24, 4);
    const auto before = disk.bytes;
    CHECK(measure_bars(at(disk)).error() == Error::BadFormat);
    CHECK(disk.bytes == before);
}

TEST_CASE_FIXTURE(Q35, "MSI-X: found, refused where it names no BAR, an entry is masked while it changes") {
    const auto msix = pci::find_msix(at(disk));
    REQUIRE(msix.ok());
    REQUIRE(msix->has_value());
    CHECK((*msix)->entries == 3);
    CHECK((*msix)->table_bar == 1);
    CHECK((*msix)->table_offset == 0);
    CHECK((*msix)->pending_offset == 0x800);
    CHECK((*msix)->table_length() == 48);
    pci::set_msix(at(disk), **msix, true, false);
    CHECK((disk.get(0x84) >> 16) == 0x8002);

    std::array<u32, 12> table{};
    const hw::Mmio entries(table.data(), sizeof table);
    pci::set_entry(entries, 2, 0xfee0'1000, 0x41);
    CHECK(table == std::array<u32, 12>{0, 0, 0, 0, 0, 0, 0, 0, 0xfee0'1000, 0, 0x41, 0});
    pci::mask_entry(entries, 2);
    CHECK(table[11] == 1);

    disk.set(0x88, 7);
    CHECK(pci::find_msix(at(disk)).error() == Error::BadFormat);
    disk.set(0x40, 0xf810, 2);  // the last eight bytes
    disk.set(0xf8, 0x0011, 2);
    CHECK(pci::find_msix(at(disk)).error() == Error::BadFormat);
    CHECK_FALSE(pci::find_msix(at(sata))->has_value());
}

TEST_CASE_FIXTURE(Q35, "MSI: one message, off while it changes, wide or not") {
    CHECK_FALSE(pci::find_msi(at(disk))->has_value());
    sata.bytes[6] = 0x10;
    sata.bytes[0x34] = 0x50;
    const auto set_control = [this](u32 control) { sata.set(0x50, control << 16 | 0x0005); };

    set_control(0x00f1);  // wide, and whoever was here before let it send eight
    const auto wide = pci::find_msi(at(sata));
    REQUIRE((wide.ok() && wide->has_value()));
    REQUIRE(pci::set_msi(at(sata), **wide, 0x1'fee0'1000, 0x41).ok());
    CHECK((sata.get(0x54) == 0xfee0'1000 && sata.get(0x58) == 1 && sata.get(0x5c) == 0x41));
    CHECK((sata.get(0x50) >> 16) == 0x0081);
    pci::disable_msi(at(sata), **wide);
    CHECK((sata.get(0x50) >> 16) == 0x0080);

    set_control(0x0000);
    sata.set(0x5c, 0);
    const auto narrow = pci::find_msi(at(sata));
    REQUIRE(pci::set_msi(at(sata), **narrow, 0xfee0'2000, 0x42).ok());
    CHECK((sata.get(0x54) == 0xfee0'2000 && sata.get(0x58) == 0x42 && sata.get(0x5c) == 0));
    CHECK(pci::set_msi(at(sata), **narrow, 0x1'fee0'2000, 0x42).error() == Error::NotSupported);
    CHECK(pci::set_msi(at(sata), **narrow, 0xfee0'2000, 0x1'0042).error() == Error::NotSupported);
    CHECK((sata.get(0x50) >> 16) == 1);  // as it was

    REQUIRE(quiesce(at(sata)).ok());
    CHECK((sata.get(0x50) >> 16) == 0);
}

TEST_CASE_FIXTURE(Q35, "quiesce: no bus mastering and no interrupts, even if the capability list is damaged") {
    SUBCASE("good list") {
        REQUIRE(quiesce(at(disk)).ok());
        CHECK((disk.get(0x84) >> 16 & 0x4000) != 0);
    }
    SUBCASE("circle") {
        disk.bytes[0x41] = 0x40;
        CHECK(quiesce(at(disk)).error() == Error::BadFormat);
    }
    CHECK((disk.get(4) & 0x407) == 0x403);
}

TEST_CASE_FIXTURE(Q35, "a virtio device is reset with decoding on, and the reset is waited for") {
    disk.set(4, 0, 2);
    SlowReset common(disk);
    CHECK(virtio_reset(at(disk), common.registers(), hw::Looks{3}).error() == Error::TimedOut);
    CHECK(virtio_reset(at(disk), common.registers(), hw::Looks{3}).ok());
    CHECK(common.written == 0);
}

TEST_CASE_FIXTURE(Q35, "a function-level reset is waited for, and the windows come back without bus mastering") {
    const auto express = find_function_reset(at(disk));
    REQUIRE(express.ok());
    REQUIRE(express->has_value());
    const auto before = disk.bytes;
    disk.set(0x4a, 1 << 5, 2);  // transfers pending that never end
    const SavedHeader saved = save_header(at(disk));
    begin_function_reset(at(disk), **express, hw::Looks{4});
    CHECK(disk.reset_started);
    CHECK(disk.get(0x14) == 0);
    CHECK(finish_function_reset(at(disk), saved, hw::Looks{1}).error() == Error::TimedOut);
    REQUIRE(finish_function_reset(at(disk), saved, hw::Looks{5}).ok());
    CHECK(std::equal(before.begin() + 0x10, before.begin() + 0x28, disk.bytes.begin() + 0x10));
    CHECK((disk.get(4) & 7) == 3);
    disk.set(0x44, 0);
    CHECK_FALSE(find_function_reset(at(disk))->has_value());
}
