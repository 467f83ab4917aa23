#include "monitor/rpc/request.h"

#include "monitor/rpc/types.h"

#include <eft/text.h>

#include <algorithm>
#include <cstring>

namespace eft::monitor {
namespace {

using descriptor::Shape;

bool has_tail(const descriptor::Field& field) {
    return field.type()->shape() == Shape::String || field.type()->shape() == Shape::Vector;
}
unsigned element_size(const descriptor::Type& type) {
    return type.shape() == Shape::String || !type.element() ? 1 : std::max(type.element()->size(), 1u);
}
bool is_bytes(const descriptor::Type& type) {
    return type.element() && type.element()->shape() == Shape::Integer && type.element()->size() == 1 && !type.element()->is_signed();
}

void store(std::span<std::byte> to, u64 value) { std::memcpy(to.data(), &value, std::min(to.size(), sizeof(value))); }

}  // namespace

// A descriptor says nothing that the buffer's verifier has not looked at, but its numbers may be anything.
Result<RequestReader::Bytes> RequestReader::part(Bytes of, std::size_t offset, std::size_t size) {
    if (offset > of.size() || size > of.size() - offset) return refuse("its descriptor is damaged");
    return of.subspan(offset, size);
}

Result<Message> RequestReader::read(const descriptor::Record& record) {
    Message message;
    if (record.is_flatbuffer()) {
        EFT_CHECK(flatbuffer(record, message));
        return message;
    }
    tails_.assign(record.fields()->size(), {});
    std::vector<bool> seen(record.fields()->size());
    EFT_CHECK(json_.begin_object());
    for (;;) {
        EFT_TRY(const Field* field, next_field(record, seen));
        if (!field) break;
        EFT_CHECK(within(text(field->name()), [&] { return member(record, *field, message); }));
    }
    EFT_CHECK(json_.end());
    EFT_CHECK(check_caps(record, seen, message));
    message.word_count = record.flat_words();
    if (record.tail_words() != 0) EFT_CHECK(append_tail(record, message));
    return message;
}

// Null: there are no more.
Result<const descriptor::Field*> RequestReader::next_field(const descriptor::Record& record, std::vector<bool>& seen) {
    std::string name;
    EFT_TRY(const bool more, json_.next_member(name));
    const Field* none = nullptr;
    if (!more) return none;
    std::string known;
    for (unsigned i = 0; i < record.fields()->size(); ++i) {
        const Field* field = record.fields()->Get(i);
        if (field->deprecated()) continue;
        known.append(known.empty() ? "" : ", ").append(text(field->name()));
        if (text(field->name()) != name) continue;
        if (seen[i]) return refuse("the field ", name, " stands there twice");
        seen[i] = true;
        return field;
    }
    return refuse(short_name(text(record.name())), " has no field ", name.substr(0, 40),
                  known.empty() ? "; it has none" : "; it has " + known);
}

Status RequestReader::member(const descriptor::Record& record, const Field& field, Message& message) {
    if (field.type()->shape() == Shape::Cap) return capability(field, message);
    if (has_tail(field)) {
        const auto index = static_cast<std::size_t>(std::find(record.fields()->begin(), record.fields()->end(), &field) - record.fields()->begin());
        return elements(field, tails_[index]);
    }
    if (field.nullable()) {
        EFT_TRY(const JsonKind kind, json_.peek());
        if (kind == JsonKind::Null) return json_.null();
        EFT_TRY(Bytes presence, part(message.bytes(), field.presence_bit() / 8, 1));
        presence[0] |= std::byte{1} << field.presence_bit() % 8;
    }
    EFT_TRY(Bytes place, part(message.bytes(), field.offset(), field.type()->size()));
    return value(*field.type(), static_cast<u64>(field.absent()), place);
}

// Programs of Eft do not compute with floating point: its bits, in hexadecimal, are nobody's rounding.
Status RequestReader::float_bits(const Type& type, u64 absent, Bytes to) {
    EFT_TRY(const std::string written, json_.string());
    const Result<u64> bits = written.starts_with("0x") ? parse_u64(written) : Error::InvalidArgument;
    if (!bits.ok() || *bits > range_of(type.size(), false).highest) return refuse("a floating-point number is its bits: \"0x3f800000\"");
    store(to, *bits ^ absent);
    return {};
}

Status RequestReader::capability(const Field& field, Message& message) {
    EFT_TRY(const JsonKind kind, json_.peek());
    if (kind == JsonKind::Null) return json_.null();
    if (text(field.cap_kind()) != "memory") {
        return refuse("wants a ", type_name(field), "; rpc has only new memory objects to give");
    }
    if (field.cap_index() >= kMaxCaps) return refuse("its descriptor is damaged");
    EFT_CHECK(json_.begin_object());
    std::string name;
    EFT_TRY(bool more, json_.next_member(name));
    if (!more || name != "bytes") return refuse("a new memory object is {\"bytes\": N}");
    EFT_TRY(const std::string_view digits, json_.number());
    const Result<u64> bytes = parse_u64(digits);
    if (!bytes.ok() || *bytes == 0) return refuse("a memory object has a whole number of bytes, at least 1");
    message.memory_bytes[field.cap_index()] = *bytes;
    EFT_TRY(more, json_.next_member(name));
    return more ? Status(refuse("a new memory object is {\"bytes\": N}")) : Status();
}

// Those that are there say by their number which they are.
Status RequestReader::check_caps(const descriptor::Record& record, const std::vector<bool>& seen, Message& message) {
    for (unsigned i = 0; i < record.fields()->size(); ++i) {
        const Field* field = record.fields()->Get(i);
        if (field->type()->shape() != Shape::Cap) continue;
        const bool given = seen[i] && field->cap_index() < kMaxCaps && message.memory_bytes[field->cap_index()] != 0;
        path_ = text(field->name());
        if (!given && field->cap_index() < record.required_caps())
            return refuse("is missing: a ", type_name(*field), text(field->cap_kind()) == "memory" ? ", {\"bytes\": N}" : ", which rpc cannot give");
        if (!given) continue;
        if (message.cap_count != field->cap_index()) return refuse("cannot be given without the capability before it");
        ++message.cap_count;
    }
    path_.clear();
    return {};
}

Status RequestReader::elements(const Field& field, std::string& to) {
    const Type& type = *field.type();
    EFT_TRY(const JsonKind kind, json_.peek());
    if (type.shape() == Shape::String || (is_bytes(type) && kind == JsonKind::String)) {
        EFT_TRY(to, json_.string());
    } else {
        if (!type.element()) return refuse("its descriptor is damaged");
        EFT_CHECK(json_.begin_array());
        for (;;) {
            EFT_TRY(const bool more, json_.next_element());
            if (!more) break;
            if (to.size() >= sizeof(Message::words)) return refuse("has more than ", std::to_string(field.max()), " elements");
            to.resize(to.size() + element_size(type));
            Bytes whole = std::as_writable_bytes(std::span(to));
            EFT_CHECK(value(*type.element(), 0, whole.last(element_size(type))));
        }
    }
    const std::size_t count = to.size() / element_size(type);
    if (count <= field.max()) return {};
    return refuse("has ", std::to_string(count), type.shape() == Shape::String ? " bytes" : " elements", "; its bound is ", std::to_string(field.max()));
}

// In the order of the fields, each part from a word on: as generated stubs do it.
Status RequestReader::append_tail(const descriptor::Record& record, Message& message) {
    unsigned end = tail_start(record.flat_words());
    const unsigned start = end;
    message.words[0] |= record.flat_words();
    for (unsigned i = 0; i < record.fields()->size(); ++i) {
        const Field* field = record.fields()->Get(i);
        if (tails_[i].empty()) continue;
        path_ = text(field->name());
        EFT_TRY(Bytes place, part(message.bytes(), field->offset(), sizeof(u32)));
        EFT_TRY(Bytes body, part(message.bytes(), end * sizeof(u64), tails_[i].size()));
        store(place, tails_[i].size() / element_size(*field->type()) << 16 | end * sizeof(u64));
        std::memcpy(body.data(), tails_[i].data(), tails_[i].size());
        end += static_cast<unsigned>((tails_[i].size() + sizeof(u64) - 1) / sizeof(u64));
    }
    path_.clear();
    if (end > start) message.word_count = end;
    return {};
}

Status RequestReader::value(const Type& type, u64 absent, Bytes to) {
    switch (type.shape()) {
        case Shape::Bool: {
            EFT_TRY(const bool value, json_.boolean());
            store(to, u64{value} ^ absent);
            return {};
        }
        case Shape::Integer: {
            EFT_TRY(const u64 value, integer(type));
            store(to, value ^ absent);
            return {};
        }
        case Shape::Enum: return enumeration(type, absent, to);
        case Shape::Float: return float_bits(type, absent, to);
        case Shape::Struct:
        case Shape::Area: return structure(type, to);
        case Shape::Array: return array(type, to);
        default: return refuse("rpc cannot write a value of this type");
    }
}

Status RequestReader::structure(const Type& type, Bytes to) {
    const descriptor::Record* record = catalogue_.record(text(type.named()));
    if (!record) return refuse("its type ", text(type.named()), " is not described");
    std::vector<bool> seen(record->fields()->size());
    EFT_CHECK(json_.begin_object());
    for (;;) {
        EFT_TRY(const Field* field, next_field(*record, seen));
        if (!field) return {};
        EFT_TRY(Bytes place, part(to, field->offset(), field->type()->size()));
        EFT_CHECK(within(text(field->name()), [&] { return value(*field->type(), 0, place); }));
    }
}

Status RequestReader::array(const Type& type, Bytes to) {
    if (!type.element()) return refuse("its descriptor is damaged");
    const std::string count = std::to_string(type.length());
    EFT_CHECK(json_.begin_array());
    for (unsigned i = 0;; ++i) {
        EFT_TRY(const bool more, json_.next_element());
        if (!more && i < type.length()) return refuse("has ", std::to_string(i), " elements, and must have ", count);
        if (!more) return {};
        if (i == type.length()) return refuse("has more than ", count, " elements");
        EFT_TRY(Bytes place, part(to, i * type.element()->size(), type.element()->size()));
        EFT_CHECK(value(*type.element(), 0, place));
    }
}

Result<u64> RequestReader::integer(const Type& type) {
    EFT_TRY(const std::string_view written, json_.number());
    if (written.find_first_of(".eE") != written.npos) return refuse("must be a whole number");
    const bool negative = written.front() == '-';
    const IntegerRange range = range_of(type.size(), type.is_signed());
    const Result<u64> magnitude = parse_u64(written.substr(negative ? 1 : 0));
    if (magnitude.ok() && *magnitude <= (negative ? range.lowest : range.highest)) return negative ? u64{0} - *magnitude : *magnitude;
    return refuse(written.substr(0, 40), " is no ", integer_name(type), ", which has ", type.is_signed() ? "-" : "", std::to_string(range.lowest),
                  " to ", std::to_string(range.highest));
}

Status RequestReader::enumeration(const Type& type, u64 absent, Bytes to) {
    const descriptor::Enum* named = catalogue_.enumeration(text(type.named()));
    if (!named) return refuse("its type ", text(type.named()), " is not described");
    EFT_TRY(const JsonKind kind, json_.peek());
    EFT_TRY(const u64 value, kind == JsonKind::String ? flags(*named) : number_of(*named, *named->underlying()));
    store(to, value ^ absent);
    return {};
}

Result<u64> RequestReader::number_of(const descriptor::Enum& type, const Type& underlying) {
    EFT_TRY(const u64 value, integer(underlying));
    const bool known = type.bit_flags() ? (value & ~all_flags(type)) == 0 : enumerator_of(type, static_cast<std::int64_t>(value)) != nullptr;
    if (known || is_open(type)) return value;
    return refuse("no ", short_name(text(type.name())), " has this number; there are ", enumerator_names(type));
}

// One name, or of bit flags any number of them.
Result<u64> RequestReader::flags(const descriptor::Enum& type) {
    EFT_TRY(const std::string names, json_.string());
    std::string_view rest = names;
    u64 value = 0;
    unsigned count = 0;
    for (std::string_view name = next_word(rest); !name.empty(); name = next_word(rest)) {
        const descriptor::Enumerator* found = enumerator_of(type, name);
        if (!found || (++count > 1 && !type.bit_flags()))
            return refuse(names.substr(0, 40), " is no ", short_name(text(type.name())), "; there are ", enumerator_names(type));
        value |= static_cast<u64>(found->value());
    }
    if (count == 0 && !type.bit_flags()) return refuse("a name is wanted, of ", enumerator_names(type));
    return value;
}

}  // namespace eft::monitor
