#include "emit.h"

#include <algorithm>
#include <set>

namespace idlc {
namespace {

// eft.fbs declares what the ABI defines: the two must agree.
void emit_error_check(Text& text, const Enum& errors) {
    text.line("// The schema's errors are the ABI's.");
    for (const EnumValue& value : errors.values)
        text.line("static_assert(static_cast<u32>(eft::Error::", value.name, ") == ", std::to_string(value.value), ");");
    text.line();
}

// An interface's errors travel as an Error, whose own values end below theirs.
void emit_error_conversions(Text& text, const Enum& type) {
    const std::string& name = type.name.plain;
    text.line("constexpr eft::Error to_error(", name, " value) { return static_cast<eft::Error>(value); }");
    text.line("constexpr bool operator==(eft::Error error, ", name, " value) { return error == to_error(value); }");
    text.line();
}

// Any service may name it, also one of another file.
bool is_error_enum(const Enum& type) {
    return !type.is_union && !type.bit_flags && type.underlying.size >= 2 && !type.values.empty() &&
           std::all_of(type.values.begin(), type.values.end(),
                       [](const EnumValue& each) { return each.value >= 256 && each.value <= 65535; });
}

// Messages name the services of their endpoints, wherever those are declared.
void declare_services(Text& text, const Schema& schema) {
    std::set<std::string> named;
    for (const Table& table : schema.tables)
        for (const Field& field : table.fields)
            if (table.here && !field.cap_service.empty()) named.insert(field.cap_service);
    for (const std::string& full : named) {
        const Service& service = *schema.find_service(full);
        text.enter_namespace(service.name.space);
        text.line("struct ", service.name.plain, ";");
        text.line();
    }
}

void emit_includes(Text& text, const Schema& schema, const Source& source) {
    bool services = std::any_of(schema.services.begin(), schema.services.end(), [](auto& each) { return each.here; });
    bool rings = std::any_of(schema.services.begin(), schema.services.end(),
                             [](auto& each) { return each.here && each.ring_entries != 0; });
    std::vector<std::string> includes = {"eft/abi/error.h"};
    for (const std::string& include : source.includes()) includes.push_back("eft/idl/" + file_stem(include) + ".h");
    if (services) {
        includes.push_back("eft/idl/eft.h");
        for (const char* each : {"client", "describe", "serve"})
            includes.push_back(std::string("eft/ipc/") + each + ".h");
        if (std::any_of(schema.services.begin(), schema.services.end(),
                        [](auto& each) { return each.here && each.has_session_record(); })) {
            includes.push_back("eft/ipc/attachment.h");
            includes.push_back("eft/ipc/event_queue.h");
            includes.push_back("eft/ipc/once.h");
        }
        if (std::any_of(schema.services.begin(), schema.services.end(), [](auto& each) { return each.here && each.has_opens(); }))
            includes.push_back("eft/ipc/opens.h");
        if (rings) includes.push_back("eft/ring/stubs.h");
        if (std::any_of(schema.services.begin(), schema.services.end(), [](auto& each) { return each.here && !each.kinds.empty(); }))
            includes.push_back("eft/ipc/session_kind.h");
    } else {
        for (const char* each : {"area", "bits", "cap_field", "tail"})
            includes.push_back(std::string("eft/ipc/") + each + ".h");
    }
    if (std::any_of(schema.tables.begin(), schema.tables.end(),
                    [](auto& each) { return each.here && each.is_flatbuffer; }))
        for (const char* each : {"flat_checker", "flat_writer"})
            includes.push_back(std::string("eft/ipc/") + each + ".h");
    std::sort(includes.begin(), includes.end());
    includes.erase(std::unique(includes.begin(), includes.end()), includes.end());
    for (const std::string& include : includes) text.line("#include <", include, ">");
    text.line();
    for (const char* each : {"cstddef", "optional", "span", "string_view", "utility"})
        text.line("#include <", each, ">");
    text.line();
}

}  // namespace

std::string emit_header(const Schema& schema, const Source& source) {
    Text text;
    std::string file = source.path().substr(source.path().rfind('/') + 1);
    text.line("// ", file, " in C++, as idlc wrote it. Do not edit: the schema is the interface.");
    text.line("#pragma once");
    text.line();
    emit_includes(text, schema, source);

    declare_services(text, schema);
    for (const Enum& type : schema.enums) {
        if (!type.here) continue;
        text.enter_namespace(type.name.space);
        if (type.name.full() == "eft.Error") {
            emit_error_check(text, type);
            continue;
        }
        emit_enum(text, type);
        if (is_error_enum(type)) emit_error_conversions(text, type);
    }
    for (const Table& table : schema.tables) {
        bool builtin = table.name.full() == "eft.Cap" || table.name.full() == "eft.Area";
        if (!table.here || !table.is_struct || builtin) continue;
        text.enter_namespace(table.name.space);
        emit_struct(text, schema, table);
    }
    for (const Table& table : schema.tables) {
        if (!table.here || table.is_struct || table.is_flatbuffer) continue;
        text.enter_namespace(table.name.space);
        emit_message(text, schema, table);
    }
    emit_flatbuffers(text, schema);
    for (const Service& service : schema.services) {
        if (!service.here) continue;
        text.enter_namespace(service.name.space);
        emit_service(text, schema, service);
        emit_client(text, schema, service);
        if (service.ring_entries != 0) emit_ring(text, schema, service);
    }
    text.leave_namespace();
    return text.str();
}

}  // namespace idlc
