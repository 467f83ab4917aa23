// ACPI tables made here, good and damaged.
#include "firmware.h"
#include "physical_memory.h"

#include <servers/dev/acpi.h>

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string_view>
#include <vector>

using namespace eft;
using namespace eft::dev;
using test::Firmware;

namespace {

// `reads`: of tables and their headers.
Status read(const Firmware& firmware, Machine& machine, unsigned* reads = nullptr) {
    test::FlatMemory local;
    local.firmware_address = Firmware::kBase;
    local.firmware = firmware.memory;
    PhysicalMemory memory;
    const Status status = read_acpi(memory, Bytes(firmware.memory).subspan(Firmware::kRoot - Firmware::kBase, kRsdpLength2), machine);
    CHECK(local.tables.empty());
    if (reads) *reads = local.tables_read;
    return status;
}

}  // namespace

TEST_CASE("a q35's tables are read, by the XSDT and by the RSDT") {
    for (const u8 revision : {u8{0}, u8{2}}) {
        Firmware firmware(revision);
        Machine machine;
        REQUIRE(read(firmware, machine).ok());
        REQUIRE(machine.ecam.size() == 1);
        CHECK(machine.ecam[0].address == 0xb000'0000);
        CHECK(machine.ecam[0].last_bus == 0xff);
        CHECK(machine.isa_interrupt(0).input == 2);
        CHECK(machine.isa_interrupt(9).active_low);
        CHECK(machine.isa_interrupt(9).level_triggered);
        CHECK(machine.isa_interrupt(4).input == 4);
        REQUIRE(machine.hpet.has_value());
        CHECK(machine.hpet->address == 0xfed0'0000);
    }
}

TEST_CASE("a damaged table hides no other") {
    using F = Firmware;
    Firmware firmware;
    Machine machine;
    SUBCASE("the MADT") {
        firmware.put(F::kMadtAt + 93, 0, 1), firmware.table(F::kMadtAt, kMadt, 98);
        CHECK(read(firmware, machine).error() == Error::BadFormat);
        CHECK(machine.isa_interrupt(9).active_low);  // it stands before the damage
    }
    SUBCASE("the HPET's") {
        firmware.put(F::kHpetAt + 50, 1, 1);
        CHECK(read(firmware, machine).error() == Error::BadFormat);
    }
    CHECK(machine.ecam.size() == 1);
    CHECK(machine.isa_interrupt(0).input == 2);
}

// As QEMU lists them: one local APIC record each.
TEST_CASE("a machine may have any number of processors and I/O APICs") {
    Firmware firmware;
    constexpr u64 kProcessors = 255, kIoApics = 40, kIoApicsAt = Firmware::kManyAt + 44 + 8 * kProcessors;
    constexpr u64 kOverrideAt = kIoApicsAt + 12 * kIoApics;
    for (u64 i = 0; i < kProcessors; ++i) firmware.put(Firmware::kManyAt + 44 + 8 * i, 0x0000'0001'0000'0800 | i << 24, 8);
    for (u64 i = 0; i < kIoApics; ++i) firmware.put(kIoApicsAt + 12 * i, 0x0c01, 2);
    firmware.put(kOverrideAt, 0x0000'0002'0000'0a02, 8);
    firmware.table(Firmware::kManyAt, kMadt, kOverrideAt + 10 - Firmware::kManyAt);
    firmware.put(Firmware::kXsdtAt + 44, Firmware::kManyAt, 8);
    firmware.table(Firmware::kXsdtAt, kXsdt, 76);
    Machine machine;
    CHECK(read(firmware, machine).ok());
    CHECK(machine.isa_interrupt(0).input == 2);
    CHECK(machine.ecam.size() == 1);
    CHECK(machine.hpet.has_value());
}

TEST_CASE("root buses are those that the definition blocks name, if all are constants") {
    using F = Firmware;
    // Scopes and devices around them do not matter.
    const auto bytes = [](std::string_view code, std::vector<u8> more) {
        more.insert(more.begin(), code.begin(), code.end());
        return more;
    };
    const std::string_view name("\x08_BBN");
    struct Case {
        std::vector<u8> code;
        std::vector<u8> roots;  // none: all
    };
    const Case cases[] = {
        {{}, {0}},
        {bytes("\x08_UID", {0x0a, 9}), {0}},
        {bytes(name, {0}), {0}},
        {bytes(name, {1}), {0, 1}},
        {bytes(name, {0x0a, 0x14, 0x70}), {0, 0x14}},
        {bytes(name, {0x0b, 0xff, 0}), {0, 0xff}},
        {bytes(name, {0x0c, 0x80, 0, 0, 0}), {0, 0x80}},
        {bytes(name, {0x0b, 0, 1}), {}},              // 256
        {bytes(name, {0x0a}), {}},                    // the table ends here
        {bytes(name, {0x0d, 0x41, 0}), {}},           // text
        {bytes("\x14\x09_BBN", {0, 0xa4, 0x0a, 7}), {}},  // a method
        {bytes("PCI1_BBN", {0x0a, 7}), {}},           // a path's last part
        {bytes(name, {}), {}},                        // the table ends here, too
    };
    for (const bool in_ssdt : {false, true}) {
        for (const bool extended : {false, true}) {
            for (const Case& each : cases) {
                Firmware firmware;
                const u64 code_at = (in_ssdt ? F::kManyAt : F::kDsdtAt) + 36;
                for (u64 i = 0; i < each.code.size(); ++i) firmware.put(code_at + i, each.code[i], 1);
                const u32 length = static_cast<u32>(36 + each.code.size());
                firmware.table(F::kDsdtAt, kDsdt, in_ssdt ? 36 : length);
                firmware.table(F::kManyAt, in_ssdt ? kSsdt : signature("WAET"), length);
                firmware.put(F::kFadtAt + (extended ? 140 : 40), F::kDsdtAt, extended ? 8 : 4);
                firmware.table(F::kFadtAt, kFadt, extended ? 148 : 116);
                firmware.put(F::kXsdtAt + 36, F::kFadtAt, 8);
                firmware.put(F::kXsdtAt + 60, F::kManyAt, 8);
                firmware.table(F::kXsdtAt, kXsdt, 76);
                Machine machine;
                REQUIRE(read(firmware, machine).ok());
                PciBuses roots;
                for (const u8 bus : each.roots) roots.set(bus);
                CHECK(machine.possible_roots == (each.roots.empty() ? PciBuses().set() : roots));
            }
        }
    }
}

TEST_CASE("any bus may be a root bus where the definition blocks cannot be read") {
    using F = Firmware;
    Firmware firmware;
    firmware.put(F::kXsdtAt + 36, F::kFadtAt, 8);
    firmware.table(F::kXsdtAt, kXsdt, 76);
    firmware.table(F::kDsdtAt, kDsdt, 36);
    firmware.put(F::kFadtAt + 40, F::kDsdtAt, 4);
    firmware.table(F::kFadtAt, kFadt, 116);
    Status wanted = Error::BadFormat;
    SUBCASE("no DSDT") {
        firmware.put(F::kFadtAt + 40, 0, 4);
        firmware.table(F::kFadtAt, kFadt, 116);
        wanted = {};
    }
    SUBCASE("a short FADT") { firmware.table(F::kFadtAt, kFadt, 43); }
    SUBCASE("the DSDT is something else") { firmware.table(F::kDsdtAt, kSsdt, 36); }
    SUBCASE("the DSDT is damaged") { firmware.put(F::kDsdtAt + 20, 1, 1); }
    SUBCASE("a damaged SSDT") {
        firmware.put(F::kOther, kSsdt, 4);
        firmware.put(F::kXsdtAt + 60, F::kOther, 8);
        firmware.table(F::kXsdtAt, kXsdt, 76);
    }
    Machine machine;
    const Status status = read(firmware, machine);
    CHECK(status.ok() == wanted.ok());
    if (!wanted.ok()) CHECK(status.error() == wanted.error());
    CHECK(machine.possible_roots.all());
}

TEST_CASE("damaged tables are errors, each in its way") {
    Firmware firmware;
    Error wanted = Error::BadFormat;
    using F = Firmware;
    SUBCASE("no root pointer") { firmware.put(F::kRoot, 0, 8); }
    SUBCASE("sum of the root pointer") { firmware.put(F::kRoot + 10, 0x77, 1); }
    SUBCASE("sum of its extension") { firmware.put(F::kRoot + 34, 0x77, 1); }
    SUBCASE("no root table") {
        firmware.put(F::kRoot + 16, 0, 4), firmware.put(F::kRoot + 24, 0, 8);
        firmware.sum_root();
    }
    SUBCASE("root table outside memory") {
        firmware.put(F::kRoot + 24, ~0ull - 4, 8);
        firmware.sum_root();
        wanted = Error::OutOfRange;
    }
    SUBCASE("root table with another name") { firmware.table(F::kXsdtAt, kMadt, 76); }
    SUBCASE("half an entry") { firmware.table(F::kXsdtAt, kXsdt, 79); }
    SUBCASE("too short for its header") { firmware.put(F::kMadtAt + 4, 35, 4); }
    SUBCASE("huge") { firmware.put(F::kMadtAt + 4, 0xffff'fff0, 4); }
    SUBCASE("sum of a table") { firmware.put(F::kMcfgAt + 50, 1, 1); }
    SUBCASE("a record of length zero") { firmware.put(F::kMadtAt + 93, 0, 1), firmware.table(F::kMadtAt, kMadt, 98); }
    SUBCASE("a record that leaves its table") { firmware.put(F::kMadtAt + 93, 7, 1), firmware.table(F::kMadtAt, kMadt, 98); }
    SUBCASE("a record too short for its kind") { firmware.put(F::kMadtAt + 45, 4, 1), firmware.table(F::kMadtAt, kMadt, 98); }
    SUBCASE("a misaligned ECAM") { firmware.put(F::kMcfgAt + 44, 0xb000'1000, 8), firmware.table(F::kMcfgAt, kMcfg, 60); }
    SUBCASE("an HPET without registers") { firmware.put(F::kHpetAt + 44, 0, 8), firmware.table(F::kHpetAt, kHpet, 56); }
    SUBCASE("an HPET in ports") {
        firmware.put(F::kHpetAt + 40, 1, 1), firmware.table(F::kHpetAt, kHpet, 56);
        wanted = Error::NotSupported;
    }
    Machine machine;
    CHECK(read(firmware, machine).error() == wanted);
}

TEST_CASE("more than there is room for is LimitReached") {
    Firmware firmware;
    for (u64 i = 0; i < 9; ++i) firmware.put(Firmware::kManyAt + 44 + 16 * i, 0xb000'0000, 8);
    firmware.table(Firmware::kManyAt, kMcfg, 44 + 9 * 16);
    firmware.put(Firmware::kXsdtAt + 52, Firmware::kManyAt, 8);
    firmware.table(Firmware::kXsdtAt, kXsdt, 76);
    Machine machine;
    CHECK(read(firmware, machine).error() == Error::LimitReached);
    CHECK(machine.ecam.size() == 8);
    CHECK(machine.hpet.has_value());
}

TEST_CASE("seeded damage behind good sums never leads outside and always ends") {
    std::mt19937 random(9);
    unsigned good = 0;
    for (int round = 0; round < 30'000; ++round) {
        Firmware firmware;
        using F = Firmware;
        for (unsigned flips = 1 + random() % 4; flips != 0; --flips)
            firmware.put(F::kBase + 0x100 + random() % 0x600, random(), 1);
        firmware.sum(F::kXsdtAt, 76, F::kXsdtAt + 9);
        firmware.sum(F::kMadtAt, 98, F::kMadtAt + 9);
        firmware.sum(F::kMcfgAt, 60, F::kMcfgAt + 9);
        firmware.sum(F::kHpetAt, 56, F::kHpetAt + 9);
        unsigned reads = 0;
        Machine machine;
        good += read(firmware, machine, &reads).ok();
        REQUIRE(reads < 500);
    }
    CHECK(good > 100);
    CHECK(good < 30'000);
}
