// The client's end of a service's ring, two functions per call, one by ticket and one to await; and how a server takes entries.
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
        std::string function = function_name(method);
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

void emit_poll_ring(Text& text, const Service& service) {
    const std::string& name = service.name.plain;
    const auto type_of = [&](const std::string& full) { return cpp_name(full, service.name.space); };
    text.line("// What a server of ", name, "'s ring has besides.");
    text.line("template <class Server, class Session>");
    text.line("concept ", name, "RingServer =");
    text.indent();
    text.line("requires(Server& server, Session& session) {");
    text.indent();
    for (const Method& method : service.methods)
        if (method.carrier == Carrier::Ring)
            text.line("{ server.", function_name(method), "(ring::Pending<", type_of(method.response),
                       ">(), session, std::declval<const ", type_of(method.request),
                       "&>()) } -> ring::CompletesWith<", type_of(method.response), ">;");
    text.unindent();
    text.line("};");
    text.unindent();
    text.line();
    text.line("template <class Server, class Session>");
    text.open("eft::Status ", name, "::poll_ring(Server& server, Session& session, RingConsumer& consumer)");
    text.line("static_assert(", name,
               "RingServer<Server, Session>, \"the server misses a handler of the ring\");");
    text.open("for (;;)");
    text.line("EFT_TRY(auto taken, consumer.take());");
    text.line("if (!taken) return {};");
    text.open("switch (taken->label)");
    for (const Method& method : service.methods)
        if (method.carrier == Carrier::Ring)
            text.line("case ", method.name, "Method::kLabel: ring::serve_entry<", method.name,
                       "Method>(consumer, *taken, server, session); break;");
    text.line("default: consumer.complete(taken->ticket, eft::Error::NoSuchMethod, {});");
    text.close();
    text.close();
    text.close();
    text.line();
}

}  // namespace idlc
