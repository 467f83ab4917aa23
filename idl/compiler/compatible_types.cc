// Messages, structs and enums: compatible.h says what is an error and what a warning.
#include "compatible.h"
#include "schema_words.h"

#include <algorithm>

namespace idlc {
namespace {

const Field* field_of(const Table& table, unsigned id) {
    for (const Field& field : table.fields)
        if (field.id == id) return &field;
    return nullptr;
}
const Field* field_of(const Table& table, const std::string& name) {
    for (const Field& field : table.fields)
        if (field.name == name) return &field;
    return nullptr;
}

const EnumValue* value_of(const Enum& type, const std::string& name) {
    for (const EnumValue& value : type.values)
        if (value.name == name) return &value;
    return nullptr;
}

std::string encoding_of(const Table& table) {
    return table.attributes.contains("encoding") ? "3" : table.has_tail() ? "2" : "1";
}

std::string attribute(const Field& field, const char* key) {
    auto found = field.attributes.find(key);
    return found == field.attributes.end() ? "" : found->second;
}

const Type& innermost(const Type& type) { return type.element.empty() ? type : innermost(type.element[0]); }

}  // namespace

int TypeComparison::line_of(const Table& table, const std::string& field, int otherwise) const {
    return now_.source.declares(table.name.full()) ? now_.source.line_of(table.name.full(), field) : otherwise;
}

void TypeComparison::narrowed(const Place& place, const std::string& what, const std::string& hint) {
    std::string subject = place.table.name.plain + "." + place.field.name + " ";
    if (place.direction == Direction::Request)
        diagnostics_.refuse(place.line, subject + what, "a released client sends what this refuses; " + hint);
    else
        diagnostics_.warn(place.line, subject + what, "a released server answers what this refuses; " + hint);
}

void TypeComparison::widened(const Place& place, const std::string& what, const std::string& hint) {
    std::string subject = place.table.name.plain + "." + place.field.name + " ";
    if (place.direction == Direction::Response)
        diagnostics_.refuse(place.line, subject + what, "a released client refuses such an answer; " + hint);
}

void TypeComparison::compare(const Table& before, const Table& after, Direction direction, int line) {
    int table_line = line_of(after, "", line);
    if (encoding_of(before) != encoding_of(after)) {
        diagnostics_.refuse(table_line,
                            after.name.plain + " changes from encoding " + encoding_of(before) + " to encoding " +
                                encoding_of(after),
                            "the bytes mean something else; make a new call with a table of its own");
        return;  // all that follows would say the same
    }
    for (const Field& old : before.fields) {
        const Field* field = field_of(after, old.id);
        const Field* moved = field_of(after, old.name);
        std::string subject = after.name.plain + "." + old.name + " ";
        std::string where = released_.source.path() + ":" +
                            std::to_string(released_.source.line_of(before.name.full(), old.name));
        if (moved && moved->id != old.id)
            diagnostics_.refuse(line_of(after, moved->name, line),
                                subject + "has id " + std::to_string(moved->id) + "; it was released with id " +
                                    std::to_string(old.id),
                                "fields keep their ids and new ones come last; see " + where);
        else if (!field)
            diagnostics_.refuse(table_line, subject + "is gone", "keep it and mark it (deprecated); see " + where);
        else if (!moved)
            diagnostics_.refuse(line_of(after, field->name, line),
                                after.name.plain + "." + field->name + " has the place of " + old.name,
                                "mark " + old.name + " (deprecated) and add a new field at the end; see " + where);
        else
            compare_field(old, {after, *field, line_of(after, field->name, line), direction});
    }
    for (const Field& field : after.fields)
        if (!field_of(before, field.id) && !field_of(before, field.name))
            check_new_field(field, before, {after, field, line_of(after, field.name, line), direction});
}

void TypeComparison::check_new_field(const Field& field, const Table& before, const Place& place) {
    if (field.type.shape != Shape::Cap || field.cap_index >= place.table.required_caps) return;
    if (place.direction == Direction::Request)
        diagnostics_.refuse(place.line, before.name.plain + "." + field.name + " is a new capability that must be there",
                            "released clients do not send it; make it (optional)");
    else
        diagnostics_.warn(place.line, before.name.plain + "." + field.name + " is a new capability that must be there",
                          "released servers do not answer it; make it (optional)");
}

void TypeComparison::compare_field(const Field& before, const Place& after) {
    std::string subject = after.table.name.plain + "." + after.field.name + " ";
    if (!same_type(before.type, after.field.type)) {
        diagnostics_.refuse(after.line,
                            subject + "was released as " + schema_type(before.type, after.table.name.space) +
                                " and is " + schema_type(after.field.type, after.table.name.space),
                            "mark it (deprecated) and add a field with another name at the end");
        return;
    }
    if (before.deprecated && !after.field.deprecated)
        diagnostics_.refuse(after.line, subject + "was deprecated and is in use again",
                            "who has it deprecated sends its default and does not read it; add a new field");
    if (schema_default(released_.schema, before) != schema_default(now_.schema, after.field))
        diagnostics_.refuse(after.line,
                            subject + "has the default " + schema_default(now_.schema, after.field) +
                                "; it was released with " + schema_default(released_.schema, before),
                            "values travel as their difference from the default, which both sides must know");
    if (before.offset != after.field.offset)
        diagnostics_.refuse(after.line,
                            subject + "lies at byte " + std::to_string(after.field.offset) +
                                "; it was released at byte " + std::to_string(before.offset),
                            "new fields come last, in the order of ids");
    if (attribute(before, "area") != attribute(after.field, "area"))
        diagnostics_.refuse(after.line, subject + "changes who writes the area", "make a new call");
    compare_bound(before, after);
    if (after.field.type.shape == Shape::Cap) compare_cap(before, after);
    compare_named(innermost(before.type), innermost(after.field.type), after);
}

void TypeComparison::compare_bound(const Field& before, const Place& after) {
    std::string what = "has max " + std::to_string(after.field.max) + "; it was released with " +
                       std::to_string(before.max);
    if (after.field.max < before.max) narrowed(after, what, "a bound in a request can only grow");
    if (after.field.max > before.max) widened(after, what, "make a new call, or answer in parts");
}

void TypeComparison::compare_cap(const Field& before, const Place& after) {
    std::string was = attribute(before, "cap"), is = attribute(after.field, "cap");
    bool wider = is == "any" || (is == "endpoint" && was.starts_with("endpoint:"));
    if (was != is && wider)
        widened(after, "was a capability to " + was + " and is one to " + is, "make a new call");
    else if (was != is)
        narrowed(after, "was a capability to " + was + " and is one to " + is, "make a new call");
    if (attribute(before, "rights") != attribute(after.field, "rights"))
        narrowed(after, "has other rights than those released", "make a new call");
    bool was_optional = before.attributes.contains("optional"), is_optional = after.field.attributes.contains("optional");
    if (was_optional && !is_optional) narrowed(after, "was optional and must be there", "leave it optional");
    if (!was_optional && is_optional) widened(after, "was always there and is optional", "always answer it");
}

bool TypeComparison::same_type(const Type& before, const Type& after) {
    if (before.shape != after.shape || before.is_signed != after.is_signed || before.length != after.length ||
        before.element.size() != after.element.size())
        return false;
    bool has_fields = before.shape == Shape::Struct || before.shape == Shape::Array;  // they are compared themselves
    if (!has_fields && before.size != after.size) return false;
    if (before.named != after.named) {
        // A name does not travel; what it stands for does. Another enum, struct or table is another thing all the same.
        auto plain = [](const std::string& full) { return full.substr(full.rfind('.') + 1); };
        if (plain(before.named) != plain(after.named)) return false;
    }
    return before.element.empty() || same_type(before.element[0], after.element[0]);
}

void TypeComparison::compare_named(const Type& before, const Type& after, const Place& place) {
    if (before.shape == Shape::Enum) {
        const Enum* was = released_.schema.find_enum(before.named);
        const Enum* is = now_.schema.find_enum(after.named);
        if (was && is && after.named != "eft.Error") compare_enum(*was, *is, place);
    } else if (before.shape == Shape::Struct) {
        const Table* was = released_.schema.find_table(before.named);
        const Table* is = now_.schema.find_table(after.named);
        if (was && is) compare_struct(*was, *is, place);
    }
}

void TypeComparison::compare_values(const Enum& before, const Enum& after, const std::string& hint) {
    for (const EnumValue& old : before.values)
        if (const EnumValue* value = value_of(after, old.name); value && value->value != old.value)
            diagnostics_.refuse(now_.source.line_of(after.name.full(), old.name),
                                after.name.plain + "." + old.name + " is " + std::to_string(value->value) +
                                    "; it was released as " + std::to_string(old.value),
                                hint);
}

void TypeComparison::compare_enum(const Enum& before, const Enum& after, const Place& place) {
    bool here = now_.source.declares(after.name.full());
    int line = here ? now_.source.line_of(after.name.full()) : place.line;
    if (before.bit_flags != after.bit_flags)
        diagnostics_.refuse(line, after.name.plain + " changes between numbers and bit flags", "make a new enum");
    compare_values(before, after, "a value keeps its number");
    for (const EnumValue& old : before.values)
        if (!value_of(after, old.name))
            narrowed({place.table, place.field, line, place.direction}, "cannot be " + old.name + " any more",
                     "keep the value");
    for (const EnumValue& value : after.values)
        if (!value_of(before, value.name))
            widened({place.table, place.field, here ? now_.source.line_of(after.name.full(), value.name) : place.line,
                     place.direction},
                    "can be " + value.name + ", which is new", "make a new call for those who know the value");
}

void TypeComparison::compare_struct(const Table& before, const Table& after, const Place& place) {
    bool here = now_.source.declares(after.name.full());
    auto refuse = [&](const std::string& field, const std::string& what) {
        diagnostics_.refuse(here ? now_.source.line_of(after.name.full(), field) : place.line,
                            after.name.plain + what, "a struct is never changed; make another one");
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

void TypeComparison::compare_errors(const Enum& before, const Enum& after) {
    compare_values(before, after, "clients compare the number");
    for (const EnumValue& old : before.values)
        if (!value_of(after, old.name))
            diagnostics_.refuse(now_.source.line_of(after.name.full()), after.name.plain + "." + old.name + " is gone",
                                "released clients may handle it; keep it, and do not answer it any more");
}

}  // namespace idlc
