// Firmware's ACPI tables, right ones of a q35 by default: a root pointer, an RSDT and an XSDT with an MADT, an MCFG, an HPET's
// table and one that is nobody's.
#pragma once

#include <servers/dev/acpi_tables.h>

#include <cstring>
#include <vector>

namespace eft::test {

using dev::kHpet, dev::kMadt, dev::kMcfg, dev::kRsdt, dev::kXsdt, dev::signature;

struct Firmware {
    static constexpr u64 kBase = 0x1060'0000, kSize = 0x2000;
    std::vector<std::byte> memory = std::vector<std::byte>(kSize);

    void put(u64 address, u64 value, unsigned width) { std::memcpy(&memory[address - kBase], &value, width); }
    void sum(u64 address, u64 length, u64 place) {
        put(place, 0, 1);
        u8 total = 0;
        for (u64 i = 0; i < length; ++i) total = static_cast<u8>(total + std::to_integer<u8>(memory[address - kBase + i]));
        put(place, static_cast<u8>(-total), 1);
    }
    void table(u64 address, u32 name, u32 length) {
        put(address, name, 4);
        put(address + 4, length, 4);
        sum(address, length, address + 9);
    }

    static constexpr u64 kRoot = kBase, kXsdtAt = kBase + 0x100, kRsdtAt = kBase + 0x200, kMadtAt = kBase + 0x301,
                         kMcfgAt = kBase + 0x500, kHpetAt = kBase + 0x600, kOther = kBase + 0x700, kFadtAt = kBase + 0x780,
                         kDsdtAt = kBase + 0x880, kManyAt = kBase + 0x900;

    explicit Firmware(u8 revision = 2) {
        put(kRoot, 0x2052'5450'2044'5352, 8);
        put(kRoot + 15, revision, 1);
        put(kRoot + 16, kRsdtAt, 4);
        put(kRoot + 20, 36, 4);
        put(kRoot + 24, kXsdtAt, 8);
        sum_root();
        const u64 entries[] = {kOther, kMadtAt, kMcfgAt, 0, kHpetAt};
        for (u64 i = 0; i < 5; ++i) put(kXsdtAt + 36 + 8 * i, entries[i], 8), put(kRsdtAt + 36 + 4 * i, entries[i], 4);
        table(kXsdtAt, kXsdt, 76);
        table(kRsdtAt, kRsdt, 56);
        put(kOther, signature("WAET"), 4);
        put(kOther + 4, 0x100, 4);  // its sum is wrong, and nobody asks

        put(kMadtAt + 36, 0xfee0'0000, 4);
        put(kMadtAt + 40, 1, 4);
        put(kMadtAt + 44, 0x0000'0001'0100'0800, 8);  // local APIC 1, enabled
        put(kMadtAt + 52, 0x0000'0000'0201'0800, 8);  // local APIC 2, not
        put(kMadtAt + 60, 0x0c01, 2);                 // IOAPIC 5 at fec00000
        put(kMadtAt + 62, 5, 1);
        put(kMadtAt + 64, 0xfec0'0000, 4);
        put(kMadtAt + 72, 0x0000'0002'0000'0a02, 8);  // ISA 0 -> input 2
        put(kMadtAt + 82, 0x0000'0009'0900'0a02, 8);  // ISA 9 -> input 9, low, level
        put(kMadtAt + 90, 0x000f, 2);
        put(kMadtAt + 92, 0x0000'0000'0000'0604, 8);  // local APIC NMI: passed over
        table(kMadtAt, kMadt, 98);

        put(kMcfgAt + 44, 0xb000'0000, 8);
        put(kMcfgAt + 55, 0xff, 1);
        table(kMcfgAt, kMcfg, 60);
        put(kHpetAt + 44, 0xfed0'0000, 8);
        table(kHpetAt, kHpet, 56);
    }
    void sum_root() {
        sum(kRoot, 20, kRoot + 8);
        sum(kRoot, 36, kRoot + 32);
    }
};

}  // namespace eft::test
