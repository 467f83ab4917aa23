// The model as an interface descriptor (idl/descriptor/descriptor.fbs).
#include "emit.h"

#include <descriptor_generated.h>

#include <bit>

namespace idlc {
namespace {

namespace descriptor = eft::descriptor;

std::string in_one_line(const Comments& comments) {
    std::string line;
    for (const std::string& comment : comments) {
        std::size_t start = comment.find_first_not_of(' ');
        if (start == std::string::npos) continue;
        line += (line.empty() ? "" : " ") + comment.substr(start);
    }
    return line;
}

descriptor::Shape shape_of(Shape shape) {
    switch (shape) {
        case Shape::Bool: return descriptor::Shape::Bool;
        case Shape::Integer: return descriptor::Shape::Integer;
        case Shape::Enum: return descriptor::Shape::Enum;
        case Shape::Struct: return descriptor::Shape::Struct;
        case Shape::String: return descriptor::Shape::String;
        case Shape::Vector: return descriptor::Shape::Vector;
        case Shape::Array: return descriptor::Shape::Array;
        case Shape::Cap: return descriptor::Shape::Cap;
        case Shape::Area: return descriptor::Shape::Area;
        case Shape::Float: return descriptor::Shape::Float;
        case Shape::Table: return descriptor::Shape::Table;
        case Shape::Union: break;
    }
    return descriptor::Shape::Union;
}

descriptor::Carrier carrier_of(Carrier carrier) {
    switch (carrier) {
        case Carrier::Oneway: return descriptor::Carrier::Oneway;
        case Carrier::OnewayLossy: return descriptor::Carrier::OnewayLossy;
        case Carrier::Ring: return descriptor::Carrier::Ring;
        default: return descriptor::Carrier::Call;
    }
}

descriptor::Restart restart_of(Restart restart) {
    switch (restart) {
        case Restart::Fail: return descriptor::Restart::Fail;
        case Restart::Retry: return descriptor::Restart::Retry;
        case Restart::Reopen: return descriptor::Restart::Reopen;
        default: return descriptor::Restart::Unhandled;
    }
}

std::unique_ptr<descriptor::TypeT> describe(const Type& from) {
    auto to = std::make_unique<descriptor::TypeT>();
    to->shape = shape_of(from.shape);
    to->size = from.size;
    to->is_signed = from.is_signed;
    to->named = from.named;
    if (!from.element.empty()) to->element = describe(from.element[0]);
    to->length = from.length;
    return to;
}

std::int64_t default_bits(const Field& field) {
    if (field.optional) return 0;
    if (field.type.shape != Shape::Float) return field.absent;
    if (field.type.size == 4) return std::bit_cast<std::int32_t>(static_cast<float>(field.absent_real));
    return std::bit_cast<std::int64_t>(field.absent_real);
}

std::unique_ptr<descriptor::FieldT> describe(const Field& from, bool in_struct) {
    auto to = std::make_unique<descriptor::FieldT>();
    to->name = from.name;
    to->comment = in_one_line(from.comments);
    to->type = describe(from.type);
    to->id = static_cast<std::uint16_t>(from.id);
    to->offset = in_struct ? from.struct_offset : from.offset;
    to->absent = default_bits(from);
    to->nullable = from.optional;
    to->presence_bit = from.presence_bit;
    to->required = from.required;
    to->max = from.max;
    to->max_each = from.max_each;
    to->cap_kind = from.cap_kind;
    to->cap_service = from.cap_service;
    to->cap_index = static_cast<std::uint8_t>(from.cap_index);
    to->optional = from.attributes.contains("optional");
    auto area = from.attributes.find("area");
    to->written = area != from.attributes.end() && area->second == "write";
    to->deprecated = from.deprecated;
    return to;
}

std::unique_ptr<descriptor::RecordT> describe(const Table& from) {
    auto to = std::make_unique<descriptor::RecordT>();
    to->name = from.name.full();
    to->comment = in_one_line(from.comments);
    to->is_struct = from.is_struct;
    to->is_flatbuffer = from.is_flatbuffer;
    to->size = from.size;
    to->align = from.align;
    to->flat_words = static_cast<std::uint16_t>(from.flat_words);
    to->tail_words = static_cast<std::uint16_t>(from.tail_words);
    to->caps = static_cast<std::uint8_t>(from.caps);
    to->required_caps = static_cast<std::uint8_t>(from.required_caps);
    for (const Field& field : from.fields) to->fields.push_back(describe(field, from.is_struct));
    return to;
}

std::unique_ptr<descriptor::EnumT> describe(const Enum& from) {
    auto to = std::make_unique<descriptor::EnumT>();
    to->name = from.name.full();
    to->comment = in_one_line(from.comments);
    to->underlying = describe(from.underlying);
    to->bit_flags = from.bit_flags;
    for (const EnumValue& value : from.values) {
        auto enumerator = std::make_unique<descriptor::EnumeratorT>();
        enumerator->name = value.name;
        enumerator->value = value.value;
        enumerator->comment = in_one_line(value.comments);
        enumerator->record = value.table;
        to->values.push_back(std::move(enumerator));
    }
    return to;
}

std::unique_ptr<descriptor::MethodT> describe(const Method& from, const Service& service) {
    auto to = std::make_unique<descriptor::MethodT>();
    to->name = from.name;
    to->comment = in_one_line(from.comments);
    to->ordinal = static_cast<std::uint16_t>(from.ordinal);
    to->carrier = carrier_of(from.carrier);
    to->restart = restart_of(from.restart);
    to->idempotent = from.idempotent;
    to->atomic = from.atomic;
    to->once = from.once;
    to->within_ns = from.within_ns;
    for (std::size_t i = 0; i < service.kinds.size(); ++i)
        if (from.callers >> (i + 1) & 1) to->callers.push_back(service.kinds[i]);
    to->request = from.request;
    to->response = from.response;
    to->errors = service.errors_of(from);
    return to;
}

std::unique_ptr<descriptor::ServiceT> describe(const Service& from) {
    auto to = std::make_unique<descriptor::ServiceT>();
    to->name = from.name.full();
    to->comment = in_one_line(from.comments);
    to->id = static_cast<std::uint16_t>(from.id);
    to->version = from.version;
    to->sessions = !from.has_sessions()         ? descriptor::Sessions::None
                   : from.restart == "reattach" ? descriptor::Sessions::Reattach
                                                : descriptor::Sessions::Reset;
    to->inflight = from.inflight;
    to->kinds = from.kinds;
    for (const Method& method : from.methods) to->methods.push_back(describe(method, from));
    return to;
}

}  // namespace

std::string emit_descriptor(const Schema& schema) {
    descriptor::InterfacesT all;
    for (const Service& service : schema.services)
        if (service.here) all.services.push_back(describe(service));
    for (const Table& table : schema.tables)
        if (table.here) all.records.push_back(describe(table));
    for (const Enum& type : schema.enums)
        if (type.here) all.enums.push_back(describe(type));
    flatbuffers::FlatBufferBuilder builder;
    descriptor::FinishInterfacesBuffer(builder, descriptor::Interfaces::Pack(builder, &all));
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

}  // namespace idlc
