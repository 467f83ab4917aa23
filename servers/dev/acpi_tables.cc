// Parsing ACPI tables: see acpi_tables.h for what is trusted (nothing).
#include <servers/dev/acpi_tables.h>

#include <string_view>

namespace eft::dev {

namespace {

// Little-endian, at any alignment. Callers have checked the length.
template <class T>
T load(Bytes bytes, std::size_t offset) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(value | static_cast<T>(std::to_integer<T>(bytes[offset + i]) << (8 * i)));
    return value;
}

bool sums_to_zero(Bytes bytes) {
    u8 sum = 0;
    for (const std::byte byte : bytes) sum = static_cast<u8>(sum + std::to_integer<u8>(byte));
    return sum == 0;
}

namespace rsdp {  // 5.2.5.3
constexpr std::size_t kRevision = 15, kRsdt = 16, kLength = 20, kXsdt = 24;
constexpr u64 kSignature = 0x2052'5450'2044'5352;  // "RSD PTR "
}  // namespace rsdp

namespace header {  // 5.2.6
constexpr std::size_t kSignature = 0, kLength = 4;
}  // namespace header

namespace mcfg {  // PCI Firmware 3.3, table 4-2
constexpr std::size_t kFirst = 44, kSize = 16;
constexpr std::size_t kAddress = 0, kSegment = 8, kFirstBus = 10, kLastBus = 11;
}  // namespace mcfg

namespace madt {  // 5.2.12
constexpr std::size_t kFirst = 44;
constexpr std::size_t kType = 0, kLength = 1, kLeastLength = 2;

constexpr u8 kOverride = 2;

namespace interrupt_override {  // 5.2.12.5
constexpr std::size_t kBus = 2, kSource = 3, kInput = 4, kFlags = 8, kLength = 10;
constexpr u8 kIsaBus = 0;
constexpr u16 kPolarityMask = 3, kActiveLow = 3, kTriggerMask = 0xc, kLevel = 0xc;
}  // namespace interrupt_override
}  // namespace madt

namespace hpet {  // IA-PC HPET 1.0a, 3.2.4
constexpr std::size_t kAddressSpace = 40, kAddress = 44, kNumber = 52, kLength = 56;
constexpr u8 kSystemMemory = 0;
}  // namespace hpet

namespace fadt {  // 5.2.9
constexpr std::size_t kDsdt = 40, kExtendedDsdt = 140;
}  // namespace fadt

namespace aml {  // 20.2.2, 20.2.3
constexpr u8 kZero = 0, kOne = 1, kName = 8, kByte = 0xa, kWord = 0xb, kDword = 0xc;
}  // namespace aml

// The constant that a term begins with; none: it is another term, or larger than a bus number can be.
std::optional<u8> bus_number(Bytes term) {
    if (term.empty()) return {};
    const u8 kind = load<u8>(term, 0);
    if (kind == aml::kZero || kind == aml::kOne) return kind;
    u32 value = ~u32{0};
    if (kind == aml::kByte && term.size() > 1) value = load<u8>(term, 1);
    if (kind == aml::kWord && term.size() > 2) value = load<u16>(term, 1);
    if (kind == aml::kDword && term.size() > 4) value = load<u32>(term, 1);
    if (value > 0xff) return {};
    return static_cast<u8>(value);
}

Status parse_override(Bytes record, Machine& machine) {
    namespace field = madt::interrupt_override;
    if (record.size() < field::kLength) return Error::BadFormat;
    if (load<u8>(record, field::kBus) != field::kIsaBus) return Error::BadFormat;
    const u16 flags = load<u16>(record, field::kFlags);
    return machine.overrides.push({load<u8>(record, field::kSource), load<u32>(record, field::kInput),
                                   (flags & field::kPolarityMask) == field::kActiveLow, (flags & field::kTriggerMask) == field::kLevel});
}

}  // namespace

InterruptOverride Machine::isa_interrupt(u8 number) const {
    for (const InterruptOverride& entry : overrides) {
        if (entry.isa_interrupt == number) return entry;
    }
    return {number, number, false, false};
}

bool root_pointer_is_extended(Bytes bytes) {
    return bytes.size() > rsdp::kRevision && load<u8>(bytes, rsdp::kRevision) >= 2;
}

Result<RootPointer> parse_root_pointer(Bytes bytes) {
    if (bytes.size() < kRsdpLength1) return Error::BadFormat;
    if (load<u64>(bytes, 0) != rsdp::kSignature) return Error::BadFormat;
    if (!sums_to_zero(bytes.first(kRsdpLength1))) return Error::BadFormat;

    if (root_pointer_is_extended(bytes)) {
        if (bytes.size() < kRsdpLength2) return Error::BadFormat;
        const u32 length = load<u32>(bytes, rsdp::kLength);
        if (length < kRsdpLength2 || length > bytes.size()) return Error::BadFormat;
        if (!sums_to_zero(bytes.first(length))) return Error::BadFormat;
        if (const u64 xsdt = load<u64>(bytes, rsdp::kXsdt)) return RootPointer{xsdt, true};
    }
    const u32 rsdt = load<u32>(bytes, rsdp::kRsdt);
    if (rsdt == 0) return Error::BadFormat;
    return RootPointer{rsdt, false};
}

Result<TableHeader> parse_header(Bytes bytes) {
    if (bytes.size() < kTableHeaderLength) return Error::BadFormat;
    const TableHeader header{load<u32>(bytes, header::kSignature), load<u32>(bytes, header::kLength)};
    if (header.length < kTableHeaderLength || header.length > kLargestTable) return Error::BadFormat;
    return header;
}

Status check_table(Bytes table) {
    EFT_TRY(const TableHeader header, parse_header(table));
    if (header.length != table.size() || !sums_to_zero(table)) return Error::BadFormat;
    return {};
}

Result<std::size_t> entry_count(Bytes table, bool extended) {
    const std::size_t size = extended ? sizeof(u64) : sizeof(u32);
    if (table.size() < kTableHeaderLength) return Error::BadFormat;
    const std::size_t room = table.size() - kTableHeaderLength;
    if (room % size != 0) return Error::BadFormat;
    return room / size;
}

u64 table_entry(Bytes table, bool extended, std::size_t index) {
    return extended ? load<u64>(table, kTableHeaderLength + sizeof(u64) * index)
                    : load<u32>(table, kTableHeaderLength + sizeof(u32) * index);
}

Result<u64> dsdt_address(Bytes fadt) {
    if (fadt.size() < fadt::kDsdt + sizeof(u32)) return Error::BadFormat;
    if (fadt.size() >= fadt::kExtendedDsdt + sizeof(u64))
        if (const u64 address = load<u64>(fadt, fadt::kExtendedDsdt)) return address;
    return load<u32>(fadt, fadt::kDsdt);
}

bool add_root_buses(Bytes table, PciBuses& buses) {
    constexpr std::string_view kBaseBus = "_BBN";
    const std::string_view text(reinterpret_cast<const char*>(table.data()), table.size());
    for (std::size_t at = kTableHeaderLength; (at = text.find(kBaseBus, at)) != text.npos; at += kBaseBus.size()) {
        const auto number = bus_number(table.subspan(at + kBaseBus.size()));
        if (load<u8>(table, at - 1) != aml::kName || !number) return false;
        buses.set(*number);
    }
    return true;
}

Status parse_mcfg(Bytes table, Machine& machine) {
    if (table.size() < mcfg::kFirst || (table.size() - mcfg::kFirst) % mcfg::kSize != 0)
        return Error::BadFormat;
    for (std::size_t offset = mcfg::kFirst; offset < table.size(); offset += mcfg::kSize) {
        const Bytes record = table.subspan(offset, mcfg::kSize);
        const EcamRange range{load<u64>(record, mcfg::kAddress), load<u16>(record, mcfg::kSegment),
                              load<u8>(record, mcfg::kFirstBus), load<u8>(record, mcfg::kLastBus)};
        // A bus takes 1 MiB; the space must be aligned, and must not wrap around.
        constexpr u64 kBusSize = 1u << 20;
        if (range.address == 0 || range.address % kBusSize != 0) return Error::BadFormat;
        if (range.first_bus > range.last_bus || range.address > ~0ull - 256 * kBusSize)
            return Error::BadFormat;
        EFT_CHECK(machine.ecam.push(range));
    }
    return {};
}

Status parse_madt(Bytes table, Machine& machine) {
    if (table.size() < madt::kFirst) return Error::BadFormat;
    for (Bytes rest = table.subspan(madt::kFirst); !rest.empty();) {
        if (rest.size() < madt::kLeastLength) return Error::BadFormat;
        const u8 length = load<u8>(rest, madt::kLength);
        // A length of 0 would never end, a long one would leave the table.
        if (length < madt::kLeastLength || length > rest.size()) return Error::BadFormat;
        // Other kinds are passed over, as 5.2.12 asks of what is not understood.
        if (load<u8>(rest, madt::kType) == madt::kOverride) EFT_CHECK(parse_override(rest.first(length), machine));
        rest = rest.subspan(length);
    }
    return {};
}

Status parse_hpet(Bytes table, Machine& machine) {
    if (table.size() < hpet::kLength) return Error::BadFormat;
    if (load<u8>(table, hpet::kAddressSpace) != hpet::kSystemMemory) return Error::NotSupported;
    const u64 address = load<u64>(table, hpet::kAddress);
    if (address == 0 || address % 1024 != 0) return Error::BadFormat;  // 2.3.1: a 1 KiB window
    if (!machine.hpet) machine.hpet = HpetLocation{address, load<u8>(table, hpet::kNumber)};
    return {};
}

}  // namespace eft::dev
