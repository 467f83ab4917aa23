// Replies of encoding 3. The library's verifier looks at every offset and length before it is followed, in the walk that
// writes the JSON; bounds, enums and cases are the schema's.
#include "monitor/rpc/reply.h"

#include "monitor/rpc/types.h"

#include <eft/json.h>

#include <cstring>

namespace eft::monitor {
namespace {

using descriptor::Shape;

u32 read_u32(const u8* from) {
    u32 value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

std::size_t align_of(const Catalogue& catalogue, const descriptor::Type& type) {
    const descriptor::Record* record = type.shape() == Shape::Struct ? catalogue.record(text(type.named())) : nullptr;
    const std::size_t align = record ? record->align() : type.size();
    return align == 0 ? 1 : align;
}

}  // namespace

// One word says where it lies and how long it is.
Status ReplyWriter::flatbuffer(const descriptor::Record& record) {
    const std::size_t offset = flat_[0] >> 32 & 0xffff, size = flat_[0] >> 48;
    if (size == 0 || offset < tail_begin_ || offset % sizeof(u64) != 0 || offset + size > tail_end_) return refuse("it lies outside of the message");
    buffer_ = reinterpret_cast<const u8*>(message_.bytes().data()) + offset;
    verifier_.emplace(buffer_, size, kMaxDepth, kMaxWords);
    const u32 root = verifier_->VerifyOffset(0);
    if (root == 0) return refuse("it is no FlatBuffer");
    return flat_table(record, buffer_ + root);
}

Status ReplyWriter::flat_table(const descriptor::Record& record, const u8* table) {
    if (!verifier_->VerifyTableStart(table)) return refuse("a table of it is damaged");
    json_.push_back('{');
    bool first = true;
    for (const descriptor::Field* field : *record.fields()) {
        if (field->deprecated()) continue;
        field_ = text(field->name());
        name(field_, first);
        first = false;
        EFT_CHECK(flat_member(*field, *reinterpret_cast<const flatbuffers::Table*>(table)));
    }
    json_.push_back('}');
    verifier_->EndTable();
    return {};
}

Status ReplyWriter::flat_member(const descriptor::Field& field, const flatbuffers::Table& table) {
    const Shape shape = field.type()->shape();
    if (shape != Shape::String && shape != Shape::Vector && shape != Shape::Table && shape != Shape::Union) return flat_scalar(field, table);
    if (shape == Shape::Union) return flat_union(field, table);
    if (!table.VerifyOffset(*verifier_, slot_of(field.id()))) return refuse("it refers to somewhere outside");
    const u8* at = table.GetAddressOf(slot_of(field.id()));
    if (!at && field.required()) return refuse("it is missing");
    if (!at) {
        json_.append(shape == Shape::String ? "\"\"" : shape == Shape::Vector ? "[]" : "null");
        return {};
    }
    const u8* target = at + read_u32(at);
    if (shape == Shape::Vector) return flat_vector(field, target);
    if (shape == Shape::String) {
        EFT_TRY(const std::string_view bytes, flat_string(target, field.max()));
        append_json_string(json_, bytes);
        return {};
    }
    const descriptor::Record* record = catalogue_.record(text(field.type()->named()));
    return record ? flat_table(*record, target) : Status(refuse("its type is not described"));
}

Status ReplyWriter::flat_scalar(const descriptor::Field& field, const flatbuffers::Table& table) {
    const descriptor::Type& type = *field.type();
    const u8* at = table.GetAddressOf(slot_of(field.id()));
    if (!at && (field.nullable() || type.shape() == Shape::Struct)) {
        json_.append("null");
        return {};
    }
    std::array<std::byte, sizeof(u64)> absent{};
    const std::int64_t stored = field.absent();
    std::memcpy(absent.data(), &stored, sizeof(stored));
    if (!at) return value(type, 0, std::span(absent).first(std::min<std::size_t>(type.size(), sizeof(u64))));
    const std::size_t offset = static_cast<std::size_t>(at - buffer_);
    if (!verifier_->Verify(offset, type.size()) || !verifier_->VerifyAlignment(offset, align_of(catalogue_, type))) return refuse("it lies outside");
    if (type.shape() == Shape::Bool) {  // any byte but 0, as the library has it
        json_.append(*at != 0 ? "true" : "false");
        return {};
    }
    return value(type, 0, {reinterpret_cast<const std::byte*>(at), type.size()});
}

Result<std::string_view> ReplyWriter::flat_string(const u8* string, u32 max) {
    if (!verifier_->VerifyString(reinterpret_cast<const flatbuffers::String*>(string))) return refuse("it lies outside");
    if (read_u32(string) > max) return refuse("it is longer than its bound");
    return std::string_view(reinterpret_cast<const char*>(string + sizeof(u32)), read_u32(string));
}

Status ReplyWriter::flat_vector(const descriptor::Field& field, const u8* vector) {
    const descriptor::Type* element = field.type()->element();
    if (!element) return refuse("its descriptor is damaged");
    const bool by_offset = element->shape() == Shape::String || element->shape() == Shape::Table;
    if (!verifier_->VerifyVectorOrString(vector, by_offset ? sizeof(u32) : element->size())) return refuse("it lies outside");
    const u32 count = read_u32(vector);
    if (count > field.max()) return refuse("it is longer than its bound");
    const u8* first = vector + sizeof(u32);
    if (!by_offset) {
        if (!verifier_->VerifyAlignment(static_cast<std::size_t>(first - buffer_), align_of(catalogue_, *element))) return refuse("it is not aligned");
        return array(*element, {reinterpret_cast<const std::byte*>(first), count * element->size()}, count);
    }
    const descriptor::Record* record = catalogue_.record(text(element->named()));
    if (!record && element->shape() == Shape::Table) return refuse("its type is not described");
    json_.push_back('[');
    for (u32 i = 0; i < count; ++i) {
        if (i != 0) json_.append(", ");
        const u8* at = first + i * sizeof(u32);
        const u32 offset = verifier_->VerifyOffset(static_cast<std::size_t>(at - buffer_));
        if (offset == 0) return refuse("it refers to somewhere outside");
        if (record) {
            EFT_CHECK(flat_table(*record, at + offset));
            continue;
        }
        EFT_TRY(const std::string_view bytes, flat_string(at + offset, field.max_each()));
        append_json_string(json_, bytes);
    }
    json_.push_back(']');
    return {};
}

// The case stands in a field of its own, before the one with the value.
Status ReplyWriter::flat_union(const descriptor::Field& field, const flatbuffers::Table& table) {
    const descriptor::Enum* cases = catalogue_.enumeration(text(field.type()->named()));
    if (!cases) return refuse("its type is not described");
    const auto slot = slot_of(field.id() - 1u);
    if (!table.VerifyField<u8>(*verifier_, slot, sizeof(u8))) return refuse("it lies outside");
    const u8 kind = table.GetField<u8>(slot, 0);
    if (kind == 0 && !field.required()) {
        json_.append("null");
        return {};
    }
    const descriptor::Enumerator* which = enumerator_of(*cases, std::int64_t{kind});
    const descriptor::Record* record = which ? catalogue_.record(text(which->record())) : nullptr;
    if (!table.VerifyOffset(*verifier_, slot_of(field.id()))) return refuse("it refers to somewhere outside");
    const u8* at = table.GetAddressOf(slot_of(field.id()));
    if (!record || !at) return refuse("it is no " + std::string(short_name(text(cases->name()))));
    json_.push_back('{');
    name(text(which->name()), true);
    EFT_CHECK(flat_table(*record, at + read_u32(at)));
    json_.push_back('}');
    return {};
}

}  // namespace eft::monitor
