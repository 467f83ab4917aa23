// For host tests: a mock of each service with its in-process transport, and a visit of the fields of each table; and the
// fuzz targets that use them.
#include "emit.h"

#include <algorithm>

namespace idlc {
namespace {

void emit_visit(Text& text, const Table& table) {
    auto live = [](const Field& field) { return !field.deprecated; };
    bool any = std::any_of(table.fields.begin(), table.fields.end(), live);
    text.line("template <ipc::IsTable<", cpp_name(table.name.full(), table.name.space), "> Table, class Visit>");
    text.open("void for_each_field(Table&", any ? " table" : "", ", Visit&&", any ? " visit" : "", ")");
    for (const Field& field : table.fields)
        if (live(field)) text.line("visit(\"", field.name, "\", table.", field.name, ");");
    text.close();
    text.line();
}

void emit_handler(Text& text, const Service& service, const Method& method) {
    std::string name = function_name(method);
    std::string traits = service.name.plain + "::" + method.name + "Method";
    // By way of the method: a table may have the name of something in Mock.
    std::string request = "ipc::Received<" + traits + "::Request>", response = traits + "::Response";
    text.line();
    text.line("void expect_", name, "(ipc::MockAnswer<", traits, "> answer) { Base::expect<", traits, ">(\"", method.name,
              "\", std::move(answer)); }");
    text.line("void on_", name, "(ipc::MockAnswer<", traits, "> answer) { Base::always<", traits, ">(std::move(answer)); }");
    std::string result = "eft::Result<" + response + "> " + name;
    std::string take = "return Base::take<" + traits + ">(\"" + method.name + "\", request);";
    if (method.carrier == Carrier::Ring)
        text.open(result, "(ring::Pending<", response, ">, Session&, ", request, " request)");
    else
        text.open(result, "(ipc::Context&, ", service.has_sessions() ? "Session&, " : "", request, "&& request)");
    text.line(take);
    text.close();
}

void emit_mock_of(Text& text, const Service& service) {
    const std::string& name = service.name.plain;
    text.line("// Answers as a test tells it. expect_…: the next call; on_…: whenever it comes unexpected.");
    text.open("class ", name, "Mock : public ipc::Mock<", name, ">");
    text.line("using Base = ipc::Mock<", name, ">;");
    text.line();
    text.flush_left("public:");
    std::string methods;
    for (const Method& method : service.methods)
        methods += (methods.empty() ? "" : ", ") + name + "::" + method.name + "Method";
    text.line("using Methods = ipc::MethodList<", methods, ">;");
    for (const Method& method : service.methods)
        if (method.role == Role::Call || method.role == Role::Attach)
            emit_handler(text, service, method);  // a session answers the others
    text.close("};");
    text.line("static_assert(", name, "Server<", name, "Mock>);");
    if (service.ring_entries != 0)
        text.line("static_assert(", name, "RingServer<", name, "Mock, ", name, "Mock::Session>);");
    text.line();
    text.line("// The in-process transport, for any server of ", name, ", and the client that uses it.");
    text.line("template <", name, "Server Server>");
    text.line("using ", name, "Local = ipc::LocalServer<", name, ", Server>;");
    text.line("template <", name, "Server Server>");
    text.line("using ", name, "LocalClient = ", name, "Client<ipc::LocalTransport<", name, "Local<Server>>>;");
    text.line();
}

}  // namespace

std::string emit_mock(const Schema& schema, const Source& source) {
    Text text;
    std::string name = file_stem(source.path());
    text.line("// ", name, ".fbs for host tests, as idlc wrote it. Do not edit: the schema is the interface.");
    text.line("#pragma once");
    text.line();
    std::vector<std::string> includes = {"eft/idl/" + name + ".h", "eft/ipc/mock.h"};
    for (const std::string& include : source.includes()) includes.push_back("eft/idl/mock/" + file_stem(include) + ".h");
    std::sort(includes.begin(), includes.end());
    for (const std::string& include : includes) text.line("#include <", include, ">");
    text.line();
    for (const Table& table : schema.tables) {
        if (!table.here || table.is_struct || table.is_flatbuffer) continue;
        text.enter_namespace(table.name.space);
        emit_visit(text, table);
    }
    for (const Service& service : schema.services) {
        if (!service.here) continue;
        text.enter_namespace(service.name.space);
        emit_mock_of(text, service);
    }
    text.leave_namespace();
    return text.str();
}

std::string emit_fuzz(const Schema& schema, const Source& source) {
    Text text;
    std::string name = file_stem(source.path());
    text.line("// Fuzz targets of ", name, ".fbs, as idlc wrote them.");
    text.line("#include <eft/idl/mock/", name, ".h>");
    text.line("#include <eft/ipc/fuzz.h>");
    text.line();
    unsigned number = 0;
    for (const Service& service : schema.services) {
        if (!service.here) continue;
        std::string mock = "::" + colons(service.name.full()) + "Mock";
        text.line("static const eft::ipc::FuzzTarget target_", number++, "(\"", service.name.plain,
                  "\", eft::ipc::fuzz_service<", mock, ">);");
    }
    return text.str();
}

}  // namespace idlc
