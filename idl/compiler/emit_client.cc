// The client of a service: one member function per call that travels as a message.
#include "emit.h"

namespace idlc {
namespace {

void emit_call(Text& text, const Schema& schema, const Service& service, const Method& method) {
    const std::string& space = service.name.space;
    std::string request = cpp_name(method.request, space);
    std::string response = received_name(schema, method.response, space);
    std::string parameter = "const " + request + "& request" + (method.request == "eft.Empty" ? " = {}" : "");
    std::string function = function_name(method) + "(" + parameter + ")";
    std::string traits = service.name.plain + "::" + method.name + "Method";

    std::string result = "eft::Result<" + response + ">";
    const std::string& errors = service.errors_of(method);
    if (!errors.empty()) result = "ipc::CallResult<" + response + ", " + cpp_name(errors, space) + ">";

    text.comments(method.comments);
    if (!method.opens.empty() || method.closes) {
        text.open(result, " ", function);
        text.line("return Base::template ", method.closes ? "close<" : "open<", service.name.plain, "::Opens, ", traits, ">(request);");
        text.close();
    } else if (method.carrier != Carrier::Call) {
        text.line("eft::Status ", function, " { return Base::template send<", traits, ">(request); }");
    } else if (method.restart == Restart::Unhandled) {
        std::string unsettled = "ipc::Unsettled<" + response + (errors.empty() ? ">" : ", " + result + ">");
        text.open(unsettled, " ", function);
        text.line("return ", unsettled, "(Base::template call<", traits, ">(request));");
        text.close();
    } else {
        const bool is_short = schema.find_table(method.request)->is_short() && schema.find_table(method.response)->is_short();
        if (is_short) text.line("[[gnu::always_inline]]");
        text.line(result, " ", function, " { return Base::template call<", traits, ">(request); }");
    }
}

}  // namespace

void emit_client(Text& text, const Schema& schema, const Service& service) {
    const std::string& name = service.name.plain;
    text.line("template <class Transport>");
    text.open("class ", name, "Client : public ipc::Client<Transport>");
    text.line("using Base = ipc::Client<Transport>;");
    text.line();
    text.flush_left("public:");
    text.line("using Service = ", name, ";");
    text.line("using Base::Base;");
    text.line();
    for (const Method& method : service.methods)
        if (method.carrier != Carrier::Ring) emit_call(text, schema, service, method);
    text.line("// Ordinal 0 of every service: its name, version and methods.");
    text.open("eft::Result<eft::Description> describe_interface()");
    text.line("return Base::template call<ipc::DescribeMethod<", name, ">>({});");
    text.close();
    text.close("};");
    text.line();
}

}  // namespace idlc
