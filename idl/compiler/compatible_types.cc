// Messages and their fields: compatible.h says what is an error and what a warning.
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

std::string encoding_of(const Table& table) {
    return table.attributes.contains("encoding") ? "3" : table.has_tail() ? "2" : "1";
}

std::string attribute(const Field& field, const char* key) {
    auto found = field.attributes.find(key);
    return found == field.attributes.end() ? "" : found->second;
}

// What to do with a field that is to go: who is answered still reads it.
std::string retire(Direction direction, const std::string& field) {
    return direction == Direction::Request ? "mark " + field + " (deprecated)" : "keep " + field;
}

}  // namespace

int TypeComparison::line_of(const Name& name, const std::string& member, int otherwise) const {
    return now_.source.declares(name.full()) ? now_.source.line_of(name.full(), member) : otherwise;
}

bool TypeComparison::has_seen(const Table& before, const Table* after) const {
    return std::any_of(seen_.begin(), seen_.end(), [&](const auto& pair) {
        return std::get<0>(pair) == &before && (!after || std::get<1>(pair) == after);
    });
}

void TypeComparison::broken(const Place& place, const std::string& what, const std::string& hint) {
    diagnostics_.refuse(place.line, place.table.name.plain + "." + place.field.name + " " + what, hint);
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
    if (!seen_.insert({&before, &after, direction}).second) return;
    int table_line = line_of(after.name, "", line);
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
            diagnostics_.refuse(line_of(after.name, moved->name, line),
                                subject + "has id " + std::to_string(moved->id) + "; it was released with id " +
                                    std::to_string(old.id),
                                "fields keep their ids and new ones come last; see " + where);
        else if (!field)
            diagnostics_.refuse(table_line, subject + "is gone", retire(direction, "it") + " where it was; see " + where);
        else if (!moved)
            diagnostics_.refuse(line_of(after.name, field->name, line),
                                after.name.plain + "." + field->name + " has the place of " + old.name,
                                retire(direction, old.name) + " and add a new field at the end; see " + where);
        else
            compare_field(old, {after, *field, line_of(after.name, field->name, line), direction});
    }
    for (const Field& field : after.fields)
        if (!field_of(before, field.id) && !field_of(before, field.name))
            check_new_field(field, before, {after, field, line_of(after.name, field.name, line), direction});
}

void TypeComparison::check_new_field(const Field& field, const Table& before, const Place& place) {
    bool is_cap = field.type.shape == Shape::Cap && field.cap_index < place.table.required_caps;
    if (!is_cap && !field.required) return;
    std::string what = before.name.plain + "." + field.name + " is a new " + (is_cap ? "capability" : "field") +
                       " that must be there";
    std::string hint = is_cap ? "make it (optional)" : "leave (required) out";
    if (place.direction == Direction::Request)
        diagnostics_.refuse(place.line, what, "released clients do not send it; " + hint);
    else
        diagnostics_.warn(place.line, what, "released servers do not answer it; " + hint);
}

void TypeComparison::compare_field(const Field& before, const Place& after) {
    if (!same_type(before.type, after.field.type))
        return broken(after,
                      "was released as " + schema_type(before.type, after.table.name.space) + " and is " +
                          schema_type(after.field.type, after.table.name.space),
                      retire(after.direction, "it") + " and add a field with another name at the end");
    compare_presence(before, after);
    std::string was = schema_default(released_.schema, before), is = schema_default(now_.schema, after.field);
    if (was != is && before.optional == after.field.optional)
        broken(after, "has the default " + is + "; it was released with " + was,
               after.table.is_flatbuffer ? "what is not sent is its default, which both sides must know"
                                         : "values travel as their difference from the default, which both sides must know");
    if (before.offset != after.field.offset)
        broken(after,
               "lies at byte " + std::to_string(after.field.offset) + "; it was released at byte " +
                   std::to_string(before.offset),
               "new fields come last, in the order of ids");
    if (attribute(before, "area") != attribute(after.field, "area"))
        broken(after, "changes who writes the area", "make a new call");
    compare_bound(before, after);
    if (after.field.type.shape == Shape::Cap) compare_cap(before, after);
    compare_named(innermost(before.type), innermost(after.field.type), after);
}

// Whether it is sent, and whether it may be absent.
void TypeComparison::compare_presence(const Field& before, const Place& after) {
    if (before.deprecated && !after.field.deprecated)
        broken(after, "was deprecated and is in use again",
               "who has it deprecated sends its default and does not read it; add a new field");
    if (!before.deprecated && after.field.deprecated && after.direction == Direction::Response)
        broken(after, "is deprecated in an answer", "released clients read it, and would find its default");
    if (before.optional != after.field.optional)
        broken(after, before.optional ? "could be null and is always there" : "was always there and can be null",
               "whether it is there travels beside its value; " + retire(after.direction, "it") + " and add a new field");
    if (!before.required && after.field.required) narrowed(after, "could be absent and is required", "leave (required) out");
    if (before.required && !after.field.required) widened(after, "was required and can be absent", "keep (required)");
}

void TypeComparison::compare_bound(const Field& before, const Place& after) {
    auto compare = [&](const char* key, unsigned was, unsigned is) {
        std::string what =
            std::string("has ") + key + " " + std::to_string(is) + "; it was released with " + std::to_string(was);
        if (is < was) narrowed(after, what, "a bound in a request can only grow");
        if (is > was) widened(after, what, "make a new call, or answer in parts");
    };
    compare("max", before.max, after.field.max);
    compare("each", before.max_each, after.field.max_each);
    if (before.max_bytes != 0) compare("max", before.max_bytes, after.field.max_bytes);
}

void TypeComparison::compare_cap(const Field& before, const Place& after) {
    const Field& field = after.field;
    auto includes = [](const Field& all, const Field& one) {
        return all.cap_kind == "any" || (all.cap_kind == one.cap_kind && all.cap_service.empty());
    };
    if (before.cap_kind != field.cap_kind || before.cap_service != field.cap_service) {
        std::string what = "was a capability to " + attribute(before, "cap") + " and is one to " + attribute(field, "cap");
        if (includes(field, before))
            widened(after, what, "make a new call");
        else if (includes(before, field))
            narrowed(after, what, "make a new call");
        else
            broken(after, what, "make a new call");
    }
    compare_rights(before, after);
    bool was_optional = before.attributes.contains("optional"), is_optional = field.attributes.contains("optional");
    if (was_optional && !is_optional) narrowed(after, "was optional and must be there", "leave it optional");
    if (!was_optional && is_optional) widened(after, "was always there and is optional", "always answer it");
}

// Who receives it can do less than it was promised if a released sender gives fewer rights, or a new one does.
void TypeComparison::compare_rights(const Field& before, const Place& after) {
    bool more = after.field.rights & ~before.rights, fewer = before.rights & ~after.field.rights;
    if (more && after.direction == Direction::Request)
        broken(after, "comes with more rights than those released", "a released client gives what it was released with");
    if (fewer && after.direction == Direction::Response)
        broken(after, "comes with fewer rights than those released", "released clients may use all of them");
    if (more && after.direction == Direction::Response)
        diagnostics_.warn(after.line,
                          after.table.name.plain + "." + after.field.name + " comes with more rights than those released",
                          "a released server gives what it was released with");
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

}  // namespace idlc
