#include "monitor/rpc/types.h"

namespace eft::monitor {
namespace {

std::string name_of(const descriptor::Type& type) {
    switch (type.shape()) {
        case descriptor::Shape::Bool: return "bool";
        case descriptor::Shape::Integer: return std::string(integer_name(type));
        case descriptor::Shape::String: return "string";
        case descriptor::Shape::Float: return type.size() == 4 ? "float" : "double";
        case descriptor::Shape::Vector:
        case descriptor::Shape::Array: {
            std::string name = "[" + (type.element() ? name_of(*type.element()) : std::string());
            if (type.length() != 0) name += ":" + std::to_string(type.length());
            return name + "]";
        }
        default: return std::string(short_name(text(type.named())));
    }
}

}  // namespace

std::string_view integer_name(const descriptor::Type& type) {
    switch (type.size()) {
        case 1: return type.is_signed() ? "byte" : "ubyte";
        case 2: return type.is_signed() ? "short" : "ushort";
        case 4: return type.is_signed() ? "int" : "uint";
        default: return type.is_signed() ? "long" : "ulong";
    }
}

std::string type_name(const descriptor::Field& field) {
    if (field.type()->shape() != descriptor::Shape::Cap) return name_of(*field.type());
    const std::string_view service = short_name(text(field.cap_service()));
    std::string name = "capability to " + std::string(text(field.cap_kind()));
    if (!service.empty()) name.append(" of ").append(service);
    return name;
}

const descriptor::Enumerator* enumerator_of(const descriptor::Enum& type, std::string_view name) {
    for (const descriptor::Enumerator* each : *type.values())
        if (text(each->name()) == name) return each;
    return nullptr;
}

const descriptor::Enumerator* enumerator_of(const descriptor::Enum& type, std::int64_t value) {
    for (const descriptor::Enumerator* each : *type.values())
        if (each->value() == value) return each;
    return nullptr;
}

u64 all_flags(const descriptor::Enum& type) {
    u64 all = 0;
    for (const descriptor::Enumerator* each : *type.values()) all |= static_cast<u64>(each->value());
    return all;
}

std::string enumerator_names(const descriptor::Enum& type) {
    std::string names;
    for (const descriptor::Enumerator* each : *type.values()) names.append(names.empty() ? "" : ", ").append(text(each->name()));
    return names;
}

}  // namespace eft::monitor
