// Enums, unions and structs, and the tables in tables.
#include "compatible.h"
#include "schema_words.h"

namespace idlc {
namespace {

const EnumValue* value_of(const Enum& type, const std::string& name) {
    for (const EnumValue& value : type.values)
        if (value.name == name) return &value;
    return nullptr;
}

}  // namespace

void TypeComparison::compare_named(const Type& before, const Type& after, const Place& place) {
    if (before.shape == Shape::Enum || before.shape == Shape::Union) {
        const Enum* was = released_.schema.find_enum(before.named);
        const Enum* is = now_.schema.find_enum(after.named);
        if (!was || !is || after.named == "eft.Error") return;
        compare_enum(*was, *is, place);
        if (before.shape == Shape::Union) compare_cases(*was, *is, place);
        return;
    }
    if (before.shape != Shape::Struct && before.shape != Shape::Table) return;
    const Table* was = released_.schema.find_table(before.named);
    const Table* is = now_.schema.find_table(after.named);
    if (!was || !is) return;
    if (before.shape == Shape::Struct) compare_struct(*was, *is, place);
    else compare(*was, *is, place.direction, place.line);
}

void TypeComparison::compare_values(const Enum& before, const Enum& after, const std::string& hint, int line) {
    for (const EnumValue& old : before.values)
        if (const EnumValue* value = value_of(after, old.name); value && value->value != old.value)
            diagnostics_.refuse(line_of(after.name, old.name, line),
                                after.name.plain + "." + old.name + " is " + schema_number(after.underlying, value->value) +
                                    "; it was released as " + schema_number(before.underlying, old.value),
                                hint);
}

void TypeComparison::compare_enum(const Enum& before, const Enum& after, const Place& place) {
    int line = line_of(after.name, "", place.line);
    if (before.bit_flags != after.bit_flags)
        diagnostics_.refuse(line, after.name.plain + " changes between numbers and bit flags", "make a new enum");
    compare_values(before, after, before.is_union ? "a case keeps its number: new ones come last" : "a value keeps its number",
                   line);
    for (const EnumValue& old : before.values)
        if (!value_of(after, old.name))
            narrowed({place.table, place.field, line, place.direction}, "cannot be " + old.name + " any more",
                     before.is_union ? "keep the case" : "keep the value");
    for (const EnumValue& value : after.values)
        if (!value_of(before, value.name))
            widened({place.table, place.field, line_of(after.name, value.name, place.line), place.direction},
                    "can be " + value.name + ", which is new", "make a new call for those who know it");
}

// What the cases of a union hold.
void TypeComparison::compare_cases(const Enum& before, const Enum& after, const Place& place) {
    for (const EnumValue& old : before.values) {
        const EnumValue* value = value_of(after, old.name);
        const Table* was = released_.schema.find_table(old.table);
        const Table* is = value ? now_.schema.find_table(value->table) : nullptr;
        if (was && is) compare(*was, *is, place.direction, line_of(after.name, "", place.line));
    }
}

void TypeComparison::compare_struct(const Table& before, const Table& after, const Place& place) {
    auto refuse = [&](const std::string& field, const std::string& what) {
        diagnostics_.refuse(line_of(after.name, field, place.line), after.name.plain + what, "a struct is never changed; make another one");
    };
    if (before.fields.size() != after.fields.size() || before.size != after.size)
        return refuse("", " has other fields than the released one");
    for (std::size_t i = 0; i < before.fields.size(); ++i) {
        const Field &was = before.fields[i], &is = after.fields[i];
        if (was.name != is.name || was.struct_offset != is.struct_offset || !same_type(was.type, is.type))
            refuse(is.name, "." + is.name + " is not what was released there: " +
                                schema_type(was.type, before.name.space) + " " + was.name);
        else
            compare_named(innermost(was.type), innermost(is.type), {after, is, place.line, place.direction});
    }
}

void TypeComparison::compare_errors(const Enum& before, const Enum& after, int line) {
    compare_values(before, after, "clients compare the number", line);
    for (const EnumValue& old : before.values)
        if (!value_of(after, old.name))
            diagnostics_.refuse(line_of(after.name, "", line), after.name.plain + "." + old.name + " is gone",
                                "released clients may handle it; keep it, and do not answer it any more");
}

}  // namespace idlc
