// Finding the ACPI tables in physical memory, from the root pointer that the boot loader names.
//
// `PhysicalMemory` is what dev can map; a span that it returns is valid until the next read. Tables
// that dev does not need are passed over by their header alone.
#pragma once

#include <servers/dev/acpi_tables.h>

#include <concepts>

namespace eft::dev {

template <class M>
concept PhysicalMemory = requires(M& memory, u64 address, u64 length) {
    { memory.read(address, length) } -> std::same_as<Result<Bytes>>;
};

constexpr std::size_t kMostTables = 128;

// Reads a whole table and checks it.
template <PhysicalMemory M>
Result<Bytes> read_table(M& memory, u64 address) {
    EFT_TRY(const Bytes head, memory.read(address, kTableHeaderLength));
    EFT_TRY(const TableHeader header, parse_header(head));
    EFT_TRY(const Bytes table, memory.read(address, header.length));
    EFT_CHECK(check_table(table));
    return table;
}

template <PhysicalMemory M>
Result<RootPointer> read_root_pointer(M& memory, u64 address) {
    EFT_TRY(const Bytes first, memory.read(address, kRsdpLength1));
    if (!root_pointer_is_extended(first)) return parse_root_pointer(first);
    EFT_TRY(const Bytes whole, memory.read(address, kRsdpLength2));
    return parse_root_pointer(whole);
}

// One table that the root table names, at `address`.
template <PhysicalMemory M>
Status read_into(M& memory, u64 address, Machine& machine) {
    EFT_TRY(const Bytes head, memory.read(address, kTableHeaderLength));
    EFT_TRY(const TableHeader header, parse_header(head));
    if (header.signature != kMcfg && header.signature != kMadt && header.signature != kHpet) return {};

    EFT_TRY(const Bytes table, read_table(memory, address));
    if (header.signature == kMcfg) return parse_mcfg(table, machine);
    if (header.signature == kMadt) return parse_madt(table, machine);
    return parse_hpet(table, machine);
}

// What the tables say of the machine. A machine without an MCFG or an HPET is no error here: the
// lists are empty, and who needs one says so. A damaged table is an error.
template <PhysicalMemory M>
Result<Machine> read_acpi(M& memory, u64 root_pointer) {
    EFT_TRY(const RootPointer root, read_root_pointer(memory, root_pointer));

    // The addresses are copied, because the next read ends the life of the root table's bytes.
    BoundedList<u64, kMostTables> addresses;
    {
        EFT_TRY(const Bytes table, read_table(memory, root.tables));
        EFT_TRY(const TableHeader header, parse_header(table));
        if (header.signature != (root.extended ? kXsdt : kRsdt)) return Error::BadFormat;
        EFT_TRY(const std::size_t count, entry_count(table, root.extended));
        for (std::size_t i = 0; i < count; ++i) {
            if (const u64 address = table_entry(table, root.extended, i))
                EFT_CHECK(addresses.push(address));
        }
    }
    Machine machine;
    for (const u64 address : addresses) EFT_CHECK(read_into(memory, address, machine));
    return machine;
}

}  // namespace eft::dev
