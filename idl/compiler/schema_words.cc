#include "schema_words.h"

#include <charconv>
#include <iterator>

namespace idlc {
namespace {

std::string scalar_name(const Type& type) {
    if (type.shape == Shape::Float) return type.size == 4 ? "float" : "double";
    const char* plain = type.size == 1 ? "byte" : type.size == 2 ? "short" : type.size == 4 ? "int" : "long";
    return (type.is_signed ? "" : "u") + std::string(plain);
}

std::string short_name(const std::string& full, const std::string& space) {
    return full.starts_with(space + ".") && full.find('.', space.size() + 1) == std::string::npos
               ? full.substr(space.size() + 1)
               : full;
}

}  // namespace

std::string schema_type(const Type& type, const std::string& space) {
    switch (type.shape) {
        case Shape::Bool: return "bool";
        case Shape::String: return "string";
        case Shape::Vector: return "[" + schema_type(type.element[0], space) + "]";
        case Shape::Array: return "[" + schema_type(type.element[0], space) + ":" + std::to_string(type.length) + "]";
        case Shape::Cap: return "Cap";
        case Shape::Area: return "Area";
        case Shape::Union: return type.named.empty() ? "union" : short_name(type.named, space);
        case Shape::Enum:
        case Shape::Struct:
        case Shape::Table: return short_name(type.named, space);
        default: return scalar_name(type);
    }
}

std::string schema_number(const Type& type, std::int64_t value) {
    return type.is_signed ? std::to_string(value) : std::to_string(static_cast<std::uint64_t>(value));
}

std::string schema_default(const Schema& schema, const Field& field) {
    if (field.optional) return "null";
    switch (field.type.shape) {
        case Shape::Bool: return field.absent ? "true" : "false";
        case Shape::Integer: return schema_number(field.type, field.absent);
        case Shape::Enum:
            if (const Enum* type = schema.find_enum(field.type.named))
                for (const EnumValue& value : type->values)
                    if (value.value == field.absent) return value.name;
            return schema_number(field.type, field.absent);
        case Shape::Float: {
            char text[32];
            return {text, std::to_chars(std::begin(text), std::end(text), field.absent_real).ptr};
        }
        default: return "";
    }
}

std::string schema_carrier(Carrier carrier) {
    switch (carrier) {
        case Carrier::Oneway: return "oneway";
        case Carrier::OnewayLossy: return "oneway:\"lossy\"";
        case Carrier::Ring: return "ring";
        default: return "call";
    }
}

std::string schema_restart(Restart restart) {
    switch (restart) {
        case Restart::Retry: return "retry";
        case Restart::Reopen: return "reopen";
        case Restart::Fail: return "fail";
        default: return "nothing";
    }
}

}  // namespace idlc
