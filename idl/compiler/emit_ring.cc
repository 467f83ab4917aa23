// The client's end of a service's ring: two functions per call, one by ticket and one to await.
#include "emit.h"

namespace idlc {

void emit_ring(Text& text, const Schema&, const Service& service) {
    const std::string& name = service.name.plain;
    const std::string& space = service.name.space;
    text.line("template <ring::Wake Wake>");
    text.open("class ", name, "Ring : public ring::Client<", name, ", Wake>");
    text.line("using Base = ring::Client<", name, ", Wake>;");
    text.line();
    text.flush_left("public:");
    text.line("using Base::Base;");
    for (const Method& method : service.methods) {
        if (method.carrier != Carrier::Ring) continue;
        std::string traits = name + "::" + method.name + "Method";
        std::string request = cpp_name(method.request, space);
        std::string parameter =
            "(const " + request + "& request" + (method.request == "eft.Empty" ? " = {}" : "") + ")";
        std::string function = snake_case(method.name);
        text.line();
        text.comments(method.comments);
        text.line("eft::Result<u64> submit_", function, parameter, " { return Base::template submit<", traits,
                  ">(request); }");
        text.open("auto ", function, parameter);
        text.line("return typename Base::template Call<", traits, ">(*this, submit_", function, "(request));");
        text.close();
        if (method.opener.empty()) continue;
        text.line("// The same; what it names is opened again in a server that has forgotten it.");
        text.line("template <class Transport>");
        text.open("auto ", function, "(", name, "Client<Transport>& session, const ", request, "& request)");
        text.line("return Base::template call_and_open_again<", name, "::Opens, ", traits, ">(session, request);");
        text.close();
    }
    text.close("};");
    text.line();
}

}  // namespace idlc
