// What a hostile client has to know to send what is nearly right (libos/include/eft/ipc/hostile.h).
#include "emit.h"

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

void emit_fields(Text& text, const Method& method, const Table& request) {
    if (request.fields.size() == request.caps) return;
    text.line("inline constexpr ipc::HostileField k", method.name, "Fields[] = {");
    text.indent();
    for (const Field& field : request.fields)
        if (field.type.shape != Shape::Cap)
            text.line("{", field.offset, ", ", bytes_of(field), ", ipc::HostileKind::", kind_of(field), ", ", field.max,
                      "},  // ", field.name);
    text.unindent();
    text.line("};");
}

void emit_table(Text& text, const Schema& schema, const Service& service) {
    const std::string& name = service.name.plain;
    text.line("namespace hostile_", snake_case(name), " {");
    for (const Method& method : service.methods) emit_fields(text, method, *schema.find_table(method.request));
    text.line("inline constexpr ipc::HostileMethod kMethods[] = {");
    text.indent();
    for (const Method& method : service.methods) {
        const Table& request = *schema.find_table(method.request);
        std::string fields = request.fields.size() == request.caps ? "{}" : "k" + method.name + "Fields";
        text.line("{", name, "::", method.name, "Method::kLabel, ", request.flat_words, ", ",
                  request.has_tail() ? "true" : "false", ", ", request.caps, ", ", request.required_caps, ", ", fields,
                  "},");
    }
    text.unindent();
    text.line("};");
    text.line("}  // namespace hostile_", snake_case(name));
    text.line("inline constexpr ipc::HostileService k", name, "Hostile = {\"", name, "\", ", name,
              "::kInterfaceId, hostile_", snake_case(name), "::kMethods};");
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
