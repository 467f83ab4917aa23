// The types of an interface, as people write them in schemas, and the ranges of its numbers.
#pragma once

#include "monitor/rpc/catalogue.h"

namespace eft::monitor {

// "ubyte", "long", …
std::string_view integer_name(const descriptor::Type& type);
// "uint", "[ulong]", "FileType", "Backtrace"; capabilities as "capability to memory".
std::string type_name(const descriptor::Field& field);

struct IntegerRange {
    u64 lowest;  // of a signed type: its magnitude
    u64 highest;
};
constexpr IntegerRange range_of(unsigned bytes, bool is_signed) {
    const unsigned bits = bytes >= 8 ? 64 : bytes * 8;
    if (is_signed) return {u64{1} << (bits - 1), (u64{1} << (bits - 1)) - 1};
    return {0, bits == 64 ? ~u64{0} : (u64{1} << bits) - 1};
}

// The number in the low bytes, as wide as u64 has it.
constexpr u64 sign_extended(u64 value, unsigned bytes, bool is_signed) {
    if (!is_signed || bytes >= 8) return value;
    const u64 sign = u64{1} << (bytes * 8 - 1);
    return (value ^ sign) - sign;
}

const descriptor::Enumerator* enumerator_of(const descriptor::Enum& type, std::string_view name);
const descriptor::Enumerator* enumerator_of(const descriptor::Enum& type, std::int64_t value);
// Of bit_flags: all that are defined.
u64 all_flags(const descriptor::Enum& type);
// eft.Error travels as any number: interfaces have errors of their own.
inline bool is_open(const descriptor::Enum& type) { return text(type.name()) == "eft.Error"; }
std::string enumerator_names(const descriptor::Enum& type);

// Encoding 3: how deep tables may be nested, as the receiver's check has it, and where a table says where member `id` is.
constexpr unsigned kMaxDepth = 32;
constexpr flatbuffers::voffset_t slot_of(unsigned id) { return static_cast<flatbuffers::voffset_t>(4 + 2 * id); }

}  // namespace eft::monitor
