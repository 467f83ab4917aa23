// What a hostile client has to know to send what is nearly right (tests/support/eft/ipc/hostile.h).
#include "emit.h"

#include <algorithm>

namespace idlc {
namespace {

const char* kind_of(const Field& field) {
    switch (field.type.shape) {
        case Shape::Bool: return "Bool";
        case Shape::Enum: return "Enum";
        case Shape::String:
        case Shape::Vector: return "View";
        case Shape::Area: return "Area";
        default: return "Number";
    }
}

unsigned bytes_of(const Field& field) {
    switch (field.type.shape) {
        case Shape::String:
        case Shape::Vector: return 4;
        case Shape::Area: return 8;
        default: return field.type.size;
    }
}

// Capabilities travel beside the words, and nobody looks at what is deprecated.
bool is_looked_at(const Field& field) { return field.type.shape != Shape::Cap && !field.deprecated; }
bool has_fields(const Table& request) {
    return request.is_flatbuffer || std::any_of(request.fields.begin(), request.fields.end(), is_looked_at);
}

void emit_fields(Text& text, const Method& method, const Table& request) {
    if (!has_fields(request)) return;
    text.line("inline constexpr ipc::HostileField k", method.name, "Fields[] = {");
    text.indent();
    if (request.is_flatbuffer) {
        text.line("{4, 4, ipc::HostileKind::View, ", request.tail_words * 8, "},  // the FlatBuffer");
    } else {
        for (const Field& field : request.fields)
            if (is_looked_at(field))
                text.line("{", field.offset, ", ", bytes_of(field), ", ipc::HostileKind::", kind_of(field), ", ", field.max,
                          "},  // ", field.name);
    }
    text.unindent();
    text.line("};");
}

// The tables of encoding 3 that a service's requests are made of, each once.
class FlatTables {
public:
    FlatTables(Text& text, const Schema& schema, const Service& service) : text_(text), schema_(schema) {
        for (const Method& method : service.methods) add(*schema.find_table(method.request));
    }

    bool empty() const { return tables_.empty(); }
    // Counted from 1; 0: it is none of them.
    std::size_t number_of(const Table& table) const {
        auto found = std::find(tables_.begin(), tables_.end(), &table);
        return found == tables_.end() ? 0 : static_cast<std::size_t>(found - tables_.begin()) + 1;
    }

    void emit() {
        for (std::size_t i = 0; i < tables_.size(); ++i) {
            const auto& fields = tables_[i]->fields;
            if (std::all_of(fields.begin(), fields.end(), [](const Field& field) { return field.deprecated; })) {
                text_.line("inline constexpr ipc::HostileTable kTable", i, " = {};  // ", tables_[i]->name.full());
                continue;
            }
            text_.line("inline constexpr ipc::HostileMember kTable", i, "[] = {  // ", tables_[i]->name.full());
            text_.indent();
            for (const Field& field : fields)
                if (!field.deprecated) emit_member(field);
            text_.unindent();
            text_.line("};");
        }
        std::string all;
        for (std::size_t i = 0; i < tables_.size(); ++i) all += (i == 0 ? "kTable" : ", kTable") + std::to_string(i);
        text_.line("inline constexpr ipc::HostileTable kTables[] = {", all, "};");
    }

private:
    void add(const Table& table) {
        if (!table.is_flatbuffer || number_of(table) != 0) return;
        tables_.push_back(&table);
        for (const Field& field : table.fields) {
            const Type& type = innermost(field.type);
            if (type.shape == Shape::Table) add(*schema_.find_table(type.named));
            if (type.shape == Shape::Union)
                for (const EnumValue& value : schema_.find_enum(type.named)->values)
                    if (const Table* held = schema_.find_table(value.table)) add(*held);
        }
    }

    void emit_member(const Field& field) {
        const Type& type = innermost(field.type);
        const bool vector = field.type.shape == Shape::Vector;
        const Table* of = type.shape == Shape::Struct || type.shape == Shape::Table ? schema_.find_table(type.named) : nullptr;
        const Enum* cases = type.shape == Shape::Union ? schema_.find_enum(type.named) : nullptr;
        if (cases) of = first_case(*cases);
        const char* shape = cases                         ? "Union"
                            : type.shape == Shape::Table  ? vector ? "Tables" : "Table"
                            : type.shape == Shape::String ? vector ? "Strings" : "String"
                            : vector                      ? "Vector"
                                                          : "Scalar";
        const std::size_t table = of && !of->is_struct ? number_of(*of) - 1 : 0;
        const bool has_size = type.shape != Shape::String && type.shape != Shape::Table && !cases;
        const unsigned bytes = has_size ? type.size : 0, align = has_size ? of ? of->align : type.size : 0;
        text_.line("{", field.id, ", ipc::HostileShape::", shape, ", ", align, ", ", bytes, ", ", field.max, ", ", table, ", ",
                   cases ? cases->values.size() - 1 : 0, "},  // ", field.name);
    }
    const Table* first_case(const Enum& cases) const {
        for (const EnumValue& value : cases.values)
            if (value.value == 1) return schema_.find_table(value.table);
        return nullptr;
    }

    Text& text_;
    const Schema& schema_;
    std::vector<const Table*> tables_;
};

void emit_table(Text& text, const Schema& schema, const Service& service) {
    const std::string& name = service.name.plain;
    text.line("namespace hostile_", snake_case(name), " {");
    for (const Method& method : service.methods) emit_fields(text, method, *schema.find_table(method.request));
    FlatTables flat(text, schema, service);
    if (!flat.empty()) flat.emit();
    text.line("inline constexpr ipc::HostileMethod kMethods[] = {");
    text.indent();
    for (const Method& method : service.methods) {
        const Table& request = *schema.find_table(method.request);
        std::string fields = !has_fields(request) ? "{}" : "k" + method.name + "Fields";
        std::string root = std::to_string(request.is_flatbuffer ? flat.number_of(request) : 0);
        text.line("{", name, "::", method.name, "Method::kLabel, ", request.flat_words, ", ",
                  request.has_tail() ? "true" : "false", ", ", request.caps, ", ", request.required_caps, ", ", fields,
                  ", ", root, ", ", method.callers, "},");
    }
    text.unindent();
    text.line("};");
    text.line("}  // namespace hostile_", snake_case(name));
    text.line("inline constexpr ipc::HostileService k", name, "Hostile = {\"", name, "\", ", name,
              "::kInterfaceId, hostile_", snake_case(name), "::kMethods",
              flat.empty() ? "" : ", hostile_" + snake_case(name) + "::kTables", "};");
    text.line();
}

}  // namespace

std::string emit_hostile(const Schema& schema, const Source& source) {
    Text text;
    std::string file = source.path().substr(source.path().rfind('/') + 1);
    std::string stem = file.substr(0, file.rfind('.'));
    text.line("// ", file, " for hostile clients, as idlc wrote it. Do not edit: the schema is the interface.");
    text.line("#pragma once");
    text.line();
    text.line("#include <eft/idl/", stem, ".h>");
    text.line("#include <eft/ipc/hostile.h>");
    text.line();
    for (const Service& service : schema.services) {
        if (!service.here || service.methods.empty()) continue;
        text.enter_namespace(service.name.space);
        emit_table(text, schema, service);
    }
    text.leave_namespace();
    return text.str();
}

}  // namespace idlc
