#include "monitor/rpc/reply.h"

#include "monitor/rpc/types.h"

#include <eft/json.h>
#include <eft/text.h>

#include <algorithm>
#include <cstring>

namespace eft::monitor {
namespace {

using descriptor::Shape;

u64 load(std::span<const std::byte> from) {
    u64 value = 0;
    std::memcpy(&value, from.data(), std::min(from.size(), sizeof(value)));
    return value;
}

void append_integer(std::string& to, u64 value, unsigned bytes, bool is_signed) {
    FixedText<24> number;
    const u64 wide = sign_extended(value, bytes, is_signed);
    to.append(is_signed ? number.decimal(static_cast<std::int64_t>(wide)) : number.decimal(wide));
}

}  // namespace

Error ReplyWriter::refuse(std::string_view what) {
    complaint_ = field_.empty() ? std::string(what) : field_ + ": " + std::string(what);
    return Error::BadMessage;
}

Result<ReplyWriter::Bytes> ReplyWriter::part(Bytes of, std::size_t offset, std::size_t size) {
    if (offset > of.size() || size > of.size() - offset) return refuse("its descriptor is damaged");
    return of.subspan(offset, size);
}

Result<std::string> ReplyWriter::write(const descriptor::Record& record) {
    EFT_CHECK(open(record));
    if (record.is_flatbuffer()) {
        EFT_CHECK(flatbuffer(record));
        return json_;
    }
    json_ = "{";
    bool first = true;
    for (const descriptor::Field* field : *record.fields()) {
        if (field->deprecated()) continue;
        field_ = text(field->name());
        name(field_, first);
        first = false;
        EFT_CHECK(member(*field));
    }
    return json_ + "}";
}

Result<std::string> ReplyWriter::write_field(const descriptor::Record& record, const descriptor::Field& field) {
    EFT_CHECK(open(record));
    EFT_CHECK(member(field));
    return json_;
}

// As eft::ipc::MessageReader::open() does it: what an older sender does not know is absent.
Status ReplyWriter::open(const descriptor::Record& record) {
    if (message_.cap_count < record.required_caps()) return refuse("a capability is missing");
    unsigned flat = message_.word_count;
    if (record.tail_words() != 0) {
        flat = message_.word_count == 0 ? 0 : message_.words[0] & 0xffff;
        if (flat > message_.word_count) return refuse("it says that it has more words than it has");
        const unsigned start = tail_start(flat);
        if (message_.word_count > start) {
            tail_begin_ = start * sizeof(u64);
            tail_end_ = tail_begin_ + std::min<unsigned>(message_.word_count - start, record.tail_words()) * sizeof(u64);
        }
    }
    std::copy_n(message_.words.begin(), std::min<unsigned>({flat, record.flat_words(), kMaxWords}), flat_.begin());
    return {};
}

void ReplyWriter::name(std::string_view name, bool first) {
    if (!first) json_.append(", ");
    append_json_string(json_, name);
    json_.append(": ");
}

Status ReplyWriter::member(const descriptor::Field& field) {
    const Shape shape = field.type()->shape();
    if (shape == Shape::Cap) {
        capability(field);
        return {};
    }
    if (field.nullable()) {
        EFT_TRY(Bytes presence, part(std::as_bytes(std::span(flat_)), field.presence_bit() / 8, 1));
        if ((presence[0] >> field.presence_bit() % 8 & std::byte{1}) == std::byte{0}) {
            EFT_TRY(Bytes unused, part(std::as_bytes(std::span(flat_)), field.offset(), field.type()->size()));
            if (shape == Shape::Bool && load(unused) > 1) return refuse("it is no bool");  // as stubs see it
            json_.append("null");
            return {};
        }
    }
    const bool has_tail = shape == Shape::String || shape == Shape::Vector;
    EFT_TRY(Bytes place, part(std::as_bytes(std::span(flat_)), field.offset(), has_tail ? sizeof(u32) : field.type()->size()));
    if (has_tail) return elements(field, static_cast<u32>(load(place)));
    return value(*field.type(), static_cast<u64>(field.absent()), place);
}

void ReplyWriter::capability(const descriptor::Field& field) {
    if (field.cap_index() < message_.cap_count) append_json_string(json_, type_name(field) + ", dropped");
    else json_.append("null");
}

// `place`: offset in bytes, and number of elements.
Status ReplyWriter::elements(const descriptor::Field& field, u32 place) {
    const descriptor::Type& type = *field.type();
    const bool string = type.shape() == Shape::String;
    if (!string && !type.element()) return refuse("its descriptor is damaged");
    const std::size_t offset = place & 0xffff, count = place >> 16;
    const std::size_t bytes = count * (string ? 1 : type.element()->size());
    if (count > field.max()) return refuse("it is longer than its bound");
    if (count != 0 && (offset < tail_begin_ || offset % sizeof(u64) != 0 || offset + bytes > tail_end_))
        return refuse("it lies outside of the message");
    const Bytes body = count == 0 ? Bytes() : message_.bytes().subspan(offset, bytes);
    if (!string) return array(*type.element(), body, count);
    append_json_string(json_, {reinterpret_cast<const char*>(body.data()), body.size()});
    return {};
}

Status ReplyWriter::value(const descriptor::Type& type, u64 absent, Bytes from) {
    const unsigned bits = static_cast<unsigned>(std::min<std::size_t>(from.size(), sizeof(u64)) * 8);
    const u64 mask = bits == 64 ? ~u64{0} : (u64{1} << bits) - 1;
    switch (type.shape()) {
        case Shape::Bool: {
            // As ipc::is_bool() and from_bits() do it: what is stored is 0 or 1.
            const u64 stored = load(from);
            if (stored > 1) return refuse("it is no bool");
            json_.append((stored ^ absent) & 1 ? "true" : "false");
            return {};
        }
        case Shape::Integer: append_integer(json_, (load(from) ^ absent) & mask, type.size(), type.is_signed()); return {};
        case Shape::Enum: return enumeration(type, (load(from) ^ absent) & mask);
        case Shape::Float: {
            FixedText<24> number("\"0x");
            json_.append(number.hex((load(from) ^ absent) & mask, type.size() * 2).append('"').view());
            return {};
        }
        case Shape::Struct:
        case Shape::Area: return structure(type, from);
        case Shape::Array:
            if (!type.element() || type.length() * type.element()->size() > from.size()) return refuse("its descriptor is damaged");
            return array(*type.element(), from, type.length());
        default: return refuse("rpc cannot read a value of this type");
    }
}

Status ReplyWriter::structure(const descriptor::Type& type, Bytes from) {
    const descriptor::Record* record = catalogue_.record(text(type.named()));
    if (!record) return refuse("its type is not described");
    json_.push_back('{');
    bool first = true;
    for (const descriptor::Field* field : *record->fields()) {
        if (field->deprecated()) continue;
        name(text(field->name()), first);
        first = false;
        EFT_TRY(Bytes place, part(from, field->offset(), field->type()->size()));
        EFT_CHECK(value(*field->type(), 0, place));
    }
    json_.push_back('}');
    return {};
}

// `type` is that of an element.
Status ReplyWriter::array(const descriptor::Type& type, Bytes from, std::size_t count) {
    json_.push_back('[');
    for (std::size_t i = 0; i < count; ++i) {
        if (i != 0) json_.append(", ");
        EFT_CHECK(value(type, 0, from.subspan(i * type.size(), type.size())));
    }
    json_.push_back(']');
    return {};
}

Status ReplyWriter::enumeration(const descriptor::Type& type, u64 value) {
    const descriptor::Enum* named = catalogue_.enumeration(text(type.named()));
    if (!named) return refuse("its type is not described");
    const descriptor::Type& underlying = *named->underlying();
    const auto wide = static_cast<std::int64_t>(sign_extended(value, underlying.size(), underlying.is_signed()));
    if (named->bit_flags()) {
        if (value & ~all_flags(*named)) return refuse("it has bits that are no " + std::string(short_name(text(type.named()))));
        std::string names;
        for (const descriptor::Enumerator* each : *named->values())
            if (static_cast<u64>(each->value()) & value) names.append(names.empty() ? "" : " ").append(text(each->name()));
        append_json_string(json_, names);
        return {};
    }
    const descriptor::Enumerator* found = enumerator_of(*named, wide);
    if (found) append_json_string(json_, text(found->name()));
    else if (is_open(*named)) append_integer(json_, value, underlying.size(), underlying.is_signed());
    else return refuse("it is no " + std::string(short_name(text(type.named()))));
    return {};
}

}  // namespace eft::monitor
