#include <servers/dev/acpi.h>

#include <algorithm>
#include <iterator>

namespace eft::dev {
namespace {

// A table as long as this lives.
class MappedTable {
public:
    explicit MappedTable(PhysicalMemory& memory) : memory_(memory) {}
    ~MappedTable() { unmap(); }
    MappedTable(const MappedTable&) = delete;
    MappedTable& operator=(const MappedTable&) = delete;

    Result<TableHeader> read_header(u64 address) {
        EFT_CHECK(map(address, kTableHeaderLength));
        return parse_header(bytes_);
    }
    // The whole of it, checked.
    Result<Bytes> read(u64 address) {
        EFT_TRY(const TableHeader header, read_header(address));
        EFT_CHECK(map(address, header.length));
        EFT_CHECK(check_table(bytes_));
        return bytes_;
    }

private:
    Status map(u64 address, u64 length) {
        unmap();
        EFT_TRY(bytes_, memory_.map_table(address, length));
        return {};
    }
    void unmap() {
        if (!bytes_.empty()) memory_.unmap_table(bytes_);
        bytes_ = {};
    }

    PhysicalMemory& memory_;
    Bytes bytes_;
};

// What all definition blocks together say.
struct RootBuses {
    PciBuses named;
    bool has_dsdt = false;
    bool all_constant = true;

    void add(Bytes table) { all_constant = add_root_buses(table, named) && all_constant; }
    bool told() const { return has_dsdt && all_constant; }
};

Status read_dsdt(MappedTable& table, u64 address, RootBuses& roots) {
    if (address == 0) return {};
    EFT_TRY(const Bytes bytes, table.read(address));
    EFT_TRY(const TableHeader header, parse_header(bytes));
    if (header.signature != kDsdt) return Error::BadFormat;
    roots.has_dsdt = true;
    roots.add(bytes);
    return {};
}

// One table that the root table names.
Status read_into(PhysicalMemory& memory, u64 address, Machine& machine, RootBuses& roots) {
    MappedTable table(memory);
    EFT_TRY(const TableHeader header, table.read_header(address));
    constexpr u32 kRead[] = {kMcfg, kMadt, kHpet, kFadt, kSsdt};
    if (std::ranges::find(kRead, header.signature) == std::end(kRead)) return {};
    EFT_TRY(const Bytes bytes, table.read(address));
    if (header.signature == kMcfg) return parse_mcfg(bytes, machine);
    if (header.signature == kMadt) return parse_madt(bytes, machine);
    if (header.signature == kHpet) return parse_hpet(bytes, machine);
    if (header.signature == kSsdt) return roots.add(bytes), Status();
    EFT_TRY(const u64 dsdt, dsdt_address(bytes));
    return read_dsdt(table, dsdt, roots);
}

}  // namespace

Status read_acpi(PhysicalMemory& memory, Bytes root_pointer, Machine& machine) {
    EFT_TRY(const RootPointer root, parse_root_pointer(root_pointer));
    // Copied, so that at most one table is mapped: they may share pages.
    BoundedList<u64, kMostTables> addresses;
    {
        MappedTable root_table(memory);
        EFT_TRY(const Bytes table, root_table.read(root.tables));
        EFT_TRY(const TableHeader header, parse_header(table));
        if (header.signature != (root.extended ? kXsdt : kRsdt)) return Error::BadFormat;
        EFT_TRY(const std::size_t count, entry_count(table, root.extended));
        for (std::size_t i = 0; i < count; ++i) {
            if (const u64 address = table_entry(table, root.extended, i)) EFT_CHECK(addresses.push(address));
        }
    }
    Status first;
    RootBuses roots;
    for (const u64 address : addresses)
        if (const Status read = read_into(memory, address, machine, roots); first.ok()) first = read;
    if (first.ok() && roots.told()) machine.possible_roots = roots.named.set(0);
    return first;
}

}  // namespace eft::dev
