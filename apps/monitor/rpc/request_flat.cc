// Requests of encoding 3: a FlatBuffer in the message page.
#include "monitor/rpc/request.h"

#include "monitor/rpc/types.h"

#include <algorithm>
#include <cstring>

namespace eft::monitor {
namespace {

using descriptor::Shape;

bool refers(const descriptor::Type& type) {
    return type.shape() == Shape::String || type.shape() == Shape::Vector || type.shape() == Shape::Table || type.shape() == Shape::Union;
}

}  // namespace

// A member of a table, until the table is written behind what it refers to.
struct RequestReader::Part {
    const Field* field = nullptr;
    std::string bytes = {};  // of a scalar or struct
    u32 place = 0;      // of what it refers to
    u64 kind = 0;       // of a union
};

Status RequestReader::flatbuffer(const descriptor::Record& record, Message& message) {
    EFT_TRY(const u32 root, flat_table(record));
    EFT_CHECK(json_.end());
    builder_.Finish(flatbuffers::Offset<void>(root));
    const std::size_t size = builder_.GetSize(), words = (size + sizeof(u64) - 1) / sizeof(u64);
    if (words > kMaxWords - kRegisterWords) return refuse("all of it takes ", std::to_string(size), " bytes, and a message has room for ",
                                                          std::to_string((kMaxWords - kRegisterWords) * sizeof(u64)));
    message.words[0] = u64{record.flat_words()} | (u64{size} << 16 | kRegisterWords * sizeof(u64)) << 32;
    std::memcpy(&message.words[kRegisterWords], builder_.GetBufferPointer(), size);
    message.word_count = kRegisterWords + static_cast<unsigned>(words);
    return {};
}

Result<u32> RequestReader::flat_table(const descriptor::Record& record) {
    if (++depth_ > kMaxDepth) return refuse("is nested too deeply");
    std::vector<bool> seen(record.fields()->size());
    std::vector<Part> parts;
    EFT_CHECK(json_.begin_object());
    for (;;) {
        EFT_TRY(const Field* field, next_field(record, seen));
        if (!field) break;
        Part part{.field = field};
        EFT_CHECK(within(text(field->name()), [&] { return flat_part(part); }));
        if (part.place != 0 || !part.bytes.empty()) parts.push_back(std::move(part));
    }
    for (const Field* field : *record.fields()) {
        const bool there = std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.field == field; });
        if (field->required() && !there) return refuse(text(field->name()), " is missing");
    }
    const u32 start = builder_.StartTable();
    for (const Part& part : parts) {
        const auto slot = slot_of(part.field->id());
        if (part.kind != 0) builder_.AddElement<u8>(slot_of(part.field->id() - 1u), static_cast<u8>(part.kind));
        if (part.place != 0) {
            builder_.AddOffset(slot, flatbuffers::Offset<void>(part.place));
        } else {
            const descriptor::Record* inner = catalogue_.record(text(part.field->type()->named()));
            builder_.Align(part.field->type()->shape() == Shape::Struct && inner && inner->align() != 0 ? inner->align() : part.bytes.size());
            builder_.PushBytes(reinterpret_cast<const u8*>(part.bytes.data()), part.bytes.size());
            builder_.TrackField(slot, builder_.GetSize());
        }
    }
    --depth_;
    return builder_.EndTable(start);
}

// null is absent; so are empty strings and vectors, as stubs have it.
Status RequestReader::flat_part(Part& part) {
    const Field& field = *part.field;
    const Type& type = *field.type();
    EFT_TRY(const JsonKind kind, json_.peek());
    if (kind == JsonKind::Null && (field.nullable() || refers(type) || type.shape() == Shape::Struct)) return json_.null();
    switch (type.shape()) {
        case Shape::String: {
            EFT_TRY(part.place, flat_string(field.max()));
            return {};
        }
        case Shape::Vector: {
            EFT_TRY(part.place, flat_vector(field));
            return {};
        }
        case Shape::Table: {
            const descriptor::Record* record = catalogue_.record(text(type.named()));
            if (!record) return refuse("its type ", text(type.named()), " is not described");
            EFT_TRY(part.place, flat_table(*record));
            return {};
        }
        case Shape::Union: {
            EFT_TRY(part.place, flat_union(field, part.kind));
            return {};
        }
        default: break;
    }
    part.bytes.resize(type.size());
    return value(type, 0, std::as_writable_bytes(std::span(part.bytes)));
}

Result<u32> RequestReader::flat_string(u32 max) {
    EFT_TRY(const std::string bytes, json_.string());
    if (bytes.size() > max) return refuse("has ", std::to_string(bytes.size()), " bytes; its bound is ", std::to_string(max));
    return bytes.empty() ? u32{0} : builder_.CreateString(bytes.data(), bytes.size()).o;
}

Result<u32> RequestReader::flat_vector(const Field& field) {
    const Type* element = field.type()->element();
    if (!element) return refuse("its descriptor is damaged");
    if (element->shape() != Shape::String && element->shape() != Shape::Table) {
        std::string bytes;
        EFT_CHECK(elements(field, bytes));
        if (bytes.empty()) return u32{0};
        const descriptor::Record* inner = catalogue_.record(text(element->named()));
        const std::size_t align = element->shape() == Shape::Struct && inner && inner->align() != 0 ? inner->align() : element->size();
        builder_.StartVector(bytes.size() / align, align);
        builder_.PushBytes(reinterpret_cast<const u8*>(bytes.data()), bytes.size());
        return builder_.EndVector(bytes.size() / element->size());
    }
    const descriptor::Record* record = catalogue_.record(text(element->named()));
    if (!record && element->shape() == Shape::Table) return refuse("its type ", text(element->named()), " is not described");
    std::vector<flatbuffers::Offset<void>> all;
    EFT_CHECK(json_.begin_array());
    for (;;) {
        EFT_TRY(const bool more, json_.next_element());
        if (!more) break;
        if (all.size() == field.max()) return refuse("has more than ", std::to_string(field.max()), " elements");
        EFT_TRY(u32 place, record ? flat_table(*record) : flat_string(field.max_each()));
        if (place == 0) place = builder_.CreateString("", 0).o;  // an empty one among others is there
        all.push_back(place);
    }
    return all.empty() ? u32{0} : builder_.CreateVector(all).o;
}

// {"CASE": {…}}
Result<u32> RequestReader::flat_union(const Field& field, u64& kind) {
    const descriptor::Enum* cases = catalogue_.enumeration(text(field.type()->named()));
    if (!cases) return refuse("its type ", text(field.type()->named()), " is not described");
    EFT_CHECK(json_.begin_object());
    std::string name;
    EFT_TRY(bool more, json_.next_member(name));
    const descriptor::Enumerator* which = more ? enumerator_of(*cases, name) : nullptr;
    const descriptor::Record* record = which ? catalogue_.record(text(which->record())) : nullptr;
    if (!record) return refuse("wants an object with one member, which is one of ", enumerator_names(*cases));
    kind = static_cast<u64>(which->value());
    EFT_TRY(const u32 place, flat_table(*record));
    EFT_TRY(more, json_.next_member(name));
    if (more) return refuse("has more than one member");
    return place;
}

}  // namespace eft::monitor
