#include <servers/dev/acpi.h>

namespace eft::dev {
namespace {

// A table as long as this lives.
class MappedTable {
public:
    explicit MappedTable(Resources& resources) : resources_(resources) {}
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
        EFT_TRY(bytes_, resources_.map_table(address, length));
        return {};
    }
    void unmap() {
        if (!bytes_.empty()) resources_.unmap_table(bytes_);
        bytes_ = {};
    }

    Resources& resources_;
    Bytes bytes_;
};

// One table that the root table names.
Status read_into(Resources& resources, u64 address, Machine& machine) {
    MappedTable table(resources);
    EFT_TRY(const TableHeader header, table.read_header(address));
    if (header.signature != kMcfg && header.signature != kMadt && header.signature != kHpet) return {};
    EFT_TRY(const Bytes bytes, table.read(address));
    if (header.signature == kMcfg) return parse_mcfg(bytes, machine);
    if (header.signature == kMadt) return parse_madt(bytes, machine);
    return parse_hpet(bytes, machine);
}

}  // namespace

Status read_acpi(Resources& resources, Bytes root_pointer, Machine& machine) {
    EFT_TRY(const RootPointer root, parse_root_pointer(root_pointer));
    // Copied, so that at most one table is mapped: they may share pages.
    BoundedList<u64, kMostTables> addresses;
    {
        MappedTable root_table(resources);
        EFT_TRY(const Bytes table, root_table.read(root.tables));
        EFT_TRY(const TableHeader header, parse_header(table));
        if (header.signature != (root.extended ? kXsdt : kRsdt)) return Error::BadFormat;
        EFT_TRY(const std::size_t count, entry_count(table, root.extended));
        for (std::size_t i = 0; i < count; ++i) {
            if (const u64 address = table_entry(table, root.extended, i)) EFT_CHECK(addresses.push(address));
        }
    }
    Status first;
    for (const u64 address : addresses)
        if (const Status read = read_into(resources, address, machine); first.ok()) first = read;
    return first;
}

}  // namespace eft::dev
