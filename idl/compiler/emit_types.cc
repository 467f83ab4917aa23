#include "emit.h"
#include "schema_words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace idlc {

std::string cpp_type(const Type& type, const std::string& space) {
    switch (type.shape) {
        case Shape::Bool: return "bool";
        case Shape::Float: return type.size == 4 ? "float" : "double";
        case Shape::Enum:
        case Shape::Struct: return cpp_name(type.named, space);
        default:
            return type.is_signed ? "std::int" + std::to_string(type.size * 8) + "_t"
                                  : "u" + std::to_string(type.size * 8);
    }
}

bool needs_check(const Schema& schema, const Type& type) {
    if (type.shape == Shape::Bool) return true;
    if (type.shape == Shape::Enum) return type.named != "eft.Error";
    if (type.shape == Shape::Array || type.shape == Shape::Vector) return needs_check(schema, type.element[0]);
    if (type.shape != Shape::Struct) return false;
    const Table* inner = schema.find_table(type.named);
    return inner && std::any_of(inner->fields.begin(), inner->fields.end(),
                                [&](const Field& field) { return needs_check(schema, field.type); });
}

namespace {

// An integer of this type.
std::string literal(const Type& type, std::int64_t value) {
    if (type.is_signed && value == INT64_MIN) return "INT64_MIN";
    return schema_number(type, value) + (type.is_signed ? "" : "u");
}

// The same of flags, bit by bit.
std::string bits_of(const Type& type, std::int64_t value) {
    if (type.is_signed) return literal(type, value);
    std::string all;
    for (std::uint64_t left = static_cast<std::uint64_t>(value); left != 0; left &= left - 1)
        all += (all.empty() ? "" : " | ") + literal(type, static_cast<std::int64_t>(left & -left));
    return all;
}

// Digits that name this number and no other.
std::string real_default(const Field& field) {
    double value = field.absent_real;
    std::string narrow = field.type.size == 4 ? "f" : "";
    if (value == 0 && !std::signbit(value)) return "";
    if (std::isnan(value)) return "__builtin_nan" + narrow + "(\"\")";
    if (std::isinf(value)) return (value < 0 ? "-__builtin_inf" : "__builtin_inf") + narrow + "()";
    char digits[40];
    std::snprintf(digits, sizeof(digits), "%.*e", narrow.empty() ? 16 : 8, value);
    return digits + narrow;
}

}  // namespace

std::string default_of(const Schema& schema, const Field& field, const std::string& space) {
    if (field.type.shape == Shape::Float) return real_default(field);
    if (field.absent == 0) return "";
    if (field.type.shape == Shape::Bool) return "true";
    if (field.type.shape == Shape::Enum) {
        if (const Enum* type = schema.find_enum(field.type.named))
            for (const EnumValue& value : type->values)
                if (value.value == field.absent && field.type.named != "eft.Error")
                    return cpp_type(field.type, space) + "::" + value.name;
        return "static_cast<" + cpp_type(field.type, space) + ">(" + bits_of(field.type, field.absent) + ")";
    }
    return literal(field.type, field.absent);
}

std::string check_of(const Type& type, const std::string& value) {
    return (type.shape == Shape::Bool ? "ipc::holds_bool(" : "valid(") + value + ")";
}

namespace {

void emit_valid(Text& text, const Enum& type) {
    const std::string& name = type.name.plain;
    text.open("constexpr bool valid(", name, " value)");
    if (type.bit_flags) {
        std::string all;
        for (const EnumValue& value : type.values)
            all += (all.empty() ? "" : " | ") + ("static_cast<u64>(" + name + "::" + value.name + ")");
        text.line("return (static_cast<u64>(value) & ~(", all, ")) == 0;");
    } else {
        text.open("switch (value)");
        for (const EnumValue& value : type.values) text.line("case ", name, "::", value.name, ":");
        text.line("    return true;");
        text.close();
        text.line("return false;");
    }
    text.close();
}

void emit_to_string(Text& text, const Enum& type) {
    const std::string& name = type.name.plain;
    text.open("constexpr std::string_view to_string(", name, " value)");
    text.open("switch (value)");
    for (const EnumValue& value : type.values)
        text.line("case ", name, "::", value.name, ": return \"", value.name, "\";");
    text.close();
    text.line("return \"?\";");
    text.close();
}

std::string member_declaration(const Field& field, const std::string& space) {
    if (field.type.shape == Shape::Array)
        return cpp_type(field.type.element[0], space) + " " + field.name + "[" + std::to_string(field.type.length) +
               "] = {};";
    return cpp_type(field.type, space) + " " + field.name + " = {};";
}

}  // namespace

void emit_enum(Text& text, const Enum& type) {
    text.comments(type.comments);
    text.open("enum class ", type.name.plain, " : ", cpp_type(type.underlying, type.name.space));
    for (const EnumValue& value : type.values) {
        text.comments(value.comments);
        text.line(value.name, " = ", literal(type.underlying, value.value), ",");
    }
    text.close("};");
    emit_valid(text, type);
    if (!type.bit_flags) emit_to_string(text, type);
    text.line();
}

void emit_struct(Text& text, const Schema& schema, const Table& type) {
    const std::string& name = type.name.plain;
    text.comments(type.comments);
    text.open("struct ", name);
    unsigned end = 0;  // padding is written out and zero, so that nothing of the sender's memory travels in it
    auto pad_to = [&](unsigned offset) {
        if (offset > end) text.line("u8 padding_", end, "_[", offset - end, "] = {};");
    };
    for (const Field& field : type.fields) {
        pad_to(field.struct_offset);
        text.comments(field.comments);
        text.line(member_declaration(field, type.name.space));
        end = field.struct_offset + field.type.size;
    }
    pad_to(type.size);
    text.close("};");
    text.line("static_assert(sizeof(", name, ") == ", type.size, " && alignof(", name, ") == ", type.align, ");");
    for (const Field& field : type.fields)
        if (field.struct_offset != 0)
            text.line("static_assert(offsetof(", name, ", ", field.name, ") == ", field.struct_offset, ");");

    Type self;
    self.shape = Shape::Struct;
    self.named = type.name.full();
    if (needs_check(schema, self)) {
        text.open("inline bool valid(const ", name, "& value)");
        for (const Field& field : type.fields) {
            if (!needs_check(schema, field.type)) continue;
            bool array = field.type.shape == Shape::Array;
            if (array) text.line("for (const auto& each : value.", field.name, ")");
            text.line(array ? "    if (!" + check_of(field.type.element[0], "each") + ") return false;"
                            : "if (!" + check_of(field.type, "value." + field.name) + ") return false;");
        }
        text.line("return true;");
        text.close();
    }
    text.line();
}

}  // namespace idlc
