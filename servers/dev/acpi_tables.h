// What dev takes from ACPI tables (ACPI specification 6.4, chapter 5; PCI Firmware specification
// 3.3, 4.1.2; IA-PC HPET specification 1.0a, 3.2.4).
//
// The bytes are not trusted: lengths are checked before anything is read, sums before anything is
// believed, and every record inside a table must lie in it. The functions here take bytes that were
// already fetched; acpi.h fetches them.
#pragma once

#include <servers/dev/bounded_list.h>

#include <bitset>
#include <cstddef>
#include <optional>
#include <span>

namespace eft::dev {

using Bytes = std::span<const std::byte>;

// A signature as the 32-bit word that it is in memory.
constexpr u32 signature(const char (&text)[5]) {
    u32 word = 0;
    for (int i = 3; i >= 0; --i) word = word << 8 | static_cast<u8>(text[i]);
    return word;
}
constexpr u32 kMcfg = signature("MCFG");
constexpr u32 kMadt = signature("APIC");
constexpr u32 kHpet = signature("HPET");
constexpr u32 kFadt = signature("FACP");
constexpr u32 kDsdt = signature("DSDT");
constexpr u32 kSsdt = signature("SSDT");
constexpr u32 kXsdt = signature("XSDT");
constexpr u32 kRsdt = signature("RSDT");

constexpr u32 kRsdpLength1 = 20;  // ACPI 1.0's part of the root pointer
constexpr u32 kRsdpLength2 = 36;  // with the extension
constexpr u32 kTableHeaderLength = 36;     // 5.2.6
constexpr u32 kLargestTable = 1u << 20;  // of those that are read here

// 5.2.12.5: defaults of an ISA interrupt are rising edge, and input equal to its number.
struct InterruptOverride {
    u8 isa_interrupt = 0;
    u32 input = 0;  // global system interrupt
    bool active_low = false;
    bool level_triggered = false;
};

// A part of the memory-mapped configuration space.
struct EcamRange {
    u64 address = 0;  // of bus 0, whether or not bus 0 is in it
    u16 segment = 0;
    u8 first_bus = 0;
    u8 last_bus = 0;
};

using PciBuses = std::bitset<256>;

struct HpetLocation {
    u64 address = 0;
    u8 number = 0;
};

// Everything that dev wants to know; what a machine has any number of, such as processors, is not in it.
struct Machine {
    BoundedList<EcamRange, 8> ecam;
    BoundedList<InterruptOverride, 16> overrides;  // there are 16 ISA interrupts
    std::optional<HpetLocation> hpet;
    // No other bus is one that no bridge leads to: all, where the tables do not tell.
    PciBuses possible_roots = PciBuses().set();
    // Not of ACPI: which clock root has for itself. The other one, and its input of the I/O APIC, is for drivers.
    enum class RootClock : u8 { Pit, Rtc } root_clock = RootClock::Pit;
    bool spare_pit = false;  // there is an 8254, and it is not root's

    // Where an ISA interrupt arrives, and how.
    InterruptOverride isa_interrupt(u8 number) const;
};

struct RootPointer {
    u64 tables = 0;        // of the XSDT or RSDT
    bool extended = false;  // entries are 64 bits wide
};

struct TableHeader {
    u32 signature = 0;
    u32 length = 0;
};

// `bytes` is at least kRsdpLength1 long; kRsdpLength2 if the revision asks for it.
Result<RootPointer> parse_root_pointer(Bytes bytes);
// True if the pointer has the extension, which must then be fetched as well.
bool root_pointer_is_extended(Bytes bytes);
Result<TableHeader> parse_header(Bytes bytes);
// The whole table: its sum must be zero and its length as its header says.
Status check_table(Bytes table);

// Entry `index` of an RSDT or XSDT; the number of entries follows from the length.
Result<std::size_t> entry_count(Bytes table, bool extended);
u64 table_entry(Bytes table, bool extended, std::size_t index);

// Where the DSDT is; 0: nowhere.
Result<u64> dsdt_address(Bytes fadt);
// Adds the root buses that a DSDT or SSDT names by constants, as `Name (_BBN, 5)` (6.5.5). They are programs, which dev does
// not run: false if there may be a root bus whose number is not a constant.
bool add_root_buses(Bytes table, PciBuses& buses);

// Each takes a checked table and adds what it says, up to the record that is in error. LimitReached: there is no room for more.
Status parse_mcfg(Bytes table, Machine& machine);
Status parse_madt(Bytes table, Machine& machine);
Status parse_hpet(Bytes table, Machine& machine);

}  // namespace eft::dev
