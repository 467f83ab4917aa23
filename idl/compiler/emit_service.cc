// A service: its constants and methods, what a server of it must have, and the dispatcher.
#include "authority.h"
#include "emit.h"

#include <algorithm>

namespace idlc {
namespace {

const char* name_of(Carrier carrier) {
    switch (carrier) {
        case Carrier::Oneway: return "ipc::Carrier::Oneway";
        case Carrier::OnewayLossy: return "ipc::Carrier::OnewayLossy";
        case Carrier::Ring: return "ipc::Carrier::Ring";
        default: return "ipc::Carrier::Call";
    }
}

const char* name_of(Restart restart) {
    switch (restart) {
        case Restart::Fail: return "ipc::Restart::Fail";
        case Restart::Retry: return "ipc::Restart::Retry";
        case Restart::Reopen: return "ipc::Restart::Reopen";
        default: return "ipc::Restart::Unhandled";
    }
}

class ServiceEmitter {
public:
    ServiceEmitter(Text& text, const Schema& schema, const Service& service)
        : text_(text), schema_(schema), service_(service), name_(service.name.plain), space_(service.name.space) {}

    void emit() {
        text_.line("template <class Transport = ipc::KernelTransport>");
        text_.line("class ", name_, "Client;");
        if (service_.ring_entries != 0) {
            text_.line("template <ring::Wake Wake>");
            text_.line("class ", name_, "Ring;");
        }
        text_.line();
        text_.comments(service_.comments);
        text_.open("struct ", name_);
        text_.line("template <class Transport>");
        text_.line("using ClientOf = ", name_, "Client<Transport>;");
        emit_constants();
        emit_session_kinds(text_, service_);
        for (const Method& method : service_.methods)
            if (!method.opens.empty()) text_.line("struct ", method.name, "Method;");
        for (const Method& method : service_.methods) emit_method(method);
        if (service_.has_opens()) emit_opens();
        if (service_.has_session_record()) emit_session_record();
        emit_method_table();
        text_.line(
            "// Answers what is malformed, unknown or of no session by itself; everything else goes to the server.");
        text_.line("template <class Server>");
        text_.line(
            "[[gnu::always_inline]] static ipc::Outcome dispatch(Server& server, const ipc::Context& context, "
            "ipc::IncomingMessage& message);");
        if (service_.ring_entries != 0) declare_poll_ring();
        text_.close("};");
        text_.line();
        emit_concept();
        emit_dispatch();
        if (service_.ring_entries != 0) emit_poll_ring(text_, service_);
    }

private:
    std::string type_of(const std::string& full) const { return cpp_name(full, space_); }
    std::string own_errors(const Method& method) const {
        const std::string& errors = service_.errors_of(method);
        return errors.empty() ? "" : ", " + type_of(errors);
    }
    bool by_message(const Method& method) const { return method.carrier != Carrier::Ring; }
    bool is_handled(const Method& method) const { return by_message(method) && method.role == Role::Call; }
    bool forgets_sessions() const { return service_.has_session_record() && service_.restart == "reset"; }

    unsigned once_words() const {
        unsigned most = 0;
        for (const Method& method : service_.methods)
            if (method.once) most = std::max(most, schema_.find_table(method.response)->max_words());
        return most;
    }

    unsigned event_words() const {
        unsigned most = 0;
        for (const Method& method : service_.methods)
            if (method.role == Role::NextEvent) most = std::max(most, schema_.find_table(method.response)->max_words());
        return most;
    }

    void emit_constants() {
        const char* sessions = !service_.has_sessions()         ? "None"
                               : service_.restart == "reattach" ? "Reattach"
                                                                : "Reset";
        text_.line("static constexpr std::string_view kName = \"", name_, "\";");
        text_.line("static constexpr u16 kInterfaceId = ", service_.id, ";");
        text_.line("static constexpr u32 kVersion = ", service_.version, ";");
        text_.line("static constexpr u32 kDescribeLabel = eft::make_label(kInterfaceId, 0);");
        text_.line("static constexpr ipc::Sessions kSessions = ipc::Sessions::", sessions, ";");
        text_.line("static constexpr unsigned kInflight = ", service_.inflight, ";  // of one session; 0: unlimited");
        if (once_words() != 0)
            text_.line("static constexpr unsigned kOnceWords = ", once_words(),
                       ";  // for ipc::OnceReply in the session");
        if (service_.ring_entries != 0) emit_ring_constants();
        if (service_.has_session_record()) {
            text_.line("static constexpr u32 kEvents = ", service_.events, ";");
            text_.line("static constexpr u32 kEventWords = ", event_words(), ";  // of the largest");
            emit_attachment(text_, schema_, service_);
        }
        text_.line();
    }

    void emit_method(const Method& method) {
        text_.comments(method.comments);
        text_.open("struct ", method.name, "Method");
        text_.line("using Request = ", type_of(method.request), ";");
        text_.line("using Response = ", type_of(method.response), ";");
        text_.line("static constexpr u16 kOrdinal = ", method.ordinal, ";");
        text_.line("static constexpr u32 kLabel = eft::make_label(kInterfaceId, kOrdinal);");
        text_.line("static constexpr ipc::Carrier kCarrier = ", name_of(method.carrier), ";");
        text_.line("static constexpr ipc::Restart kRestart = ", name_of(method.restart), ";");
        text_.line("static constexpr bool kOnce = ", method.once, ";");
        text_.line("static constexpr unsigned kInflight = ", service_.inflight, ";");
        text_.line("static constexpr u64 kWithinNs = ", method.within_ns, ";");
        if (!method.suspects.empty()) emit_suspects(method);
        text_.line("static constexpr bool kForgottenSession = ", forgets_sessions(), ";");
        emit_callers(text_, service_, method);
        if (method.role == Role::NextEvent) emit_queue(method);
        if (!method.opens.empty() || !method.opener.empty()) emit_key(method);
        if (method.role == Role::Attach) emit_attach_fields(text_, schema_, method);
        emit_handle(method);
        text_.close("};");
        if (method.role == Role::NextEvent)
            text_.line("using ", method.event, " = ", method.name, "Method;  // for raise()");
        text_.line();
    }

    // Which errors its stub does not believe at once.
    void emit_suspects(const Method& method) {
        const bool has_own = !method.error_enum.empty() || !service_.error_enum.empty();
        text_.open("static constexpr bool suspects(eft::Error error)");
        if (method.suspects.front() == "all") {
            text_.line("return ipc::is_an_answer(error);");
        } else {
            for (const std::string& name : method.suspects) text_.line("if (error == eft::Error::", name, ") return true;");
            text_.line("return ipc::is_absurd(error, ", has_own, ");");
        }
        text_.close();
    }

    // Where the session has the queue of an event, for its subscription and for raise().
    void emit_queue(const Method& method) {
        text_.line("static constexpr u32 kEvent = ", method.event_index, ";  // among the service's");
        text_.line("template <class Record>");
        text_.line("static const auto& queue(const Record& record) { return record.", snake_case(method.event), "; }");
    }

    // By which number it opens something, or names what another call has opened.
    void emit_key(const Method& method) {
        const bool is_opening = !method.opens.empty();
        const std::string& key = is_opening ? method.opens : service_.find_method(method.opener)->opens;
        if (is_opening) text_.line("static constexpr unsigned kKept = ", method.kept, ";");
        else text_.line("using Opener = ", method.opener, "Method;");
        text_.line("static u64 key(const Request& request) { return static_cast<u64>(request.", key, "); }");
        if (method.closes) {
            text_.open("static Request with_key(u64 key)");
            text_.line("Request request;");
            text_.line("request.", key, " = static_cast<decltype(request.", key, ")>(key);");
            text_.line("return request;");
            text_.close();
        }
        if (!is_opening) return;
        const std::string received = received_name(schema_, method.response, space_);
        const std::string call = received == type_of(method.response) ? "" : "()";
        if (method.same.empty()) text_.line("static u64 identity(const ", received, "&) { return 0; }");
        else text_.line("static u64 identity(const ", received, "& answer) { return static_cast<u64>(answer.", method.same, call, "); }");
    }

    void emit_opens() {
        std::string kept;
        for (const Method& opening : service_.methods) {
            if (opening.opens.empty()) continue;
            std::string closing = "void";
            for (const Method& method : service_.methods)
                if (method.closes && method.opener == opening.name) closing = method.name + "Method";
            kept += (kept.empty() ? "" : ", ") + ("ipc::KeptOpens<" + opening.name + "Method, " + closing + ">");
        }
        text_.line("// What a client has open, for its stub to open it again: client.keep_opens(opens). See <eft/ipc/opens.h>.");
        text_.line("using Opens = ipc::Opens<", kept, ">;");
        text_.line();
    }

    void emit_session_record() {
        text_.line("// What the server keeps for each client in its state region; see <eft/state/stateful_server.h>.");
        text_.open("struct SessionRecord");
        text_.line(service_.session_table.empty() ? "eft::Empty" : type_of(service_.session_table), " state = {};");
        if (once_words() != 0) text_.line("ipc::OnceReply<kOnceWords> last_reply = {};");
        for (const Method& method : service_.methods)
            if (method.role == Role::NextEvent)
                text_.line("ipc::EventQueue<", type_of(method.response), ", ", method.event_depth, "> ",
                           snake_case(method.event), " = {};");
        if (service_.attaching()) text_.line("ipc::AttachmentRecord attachments[Attachment::kCount] = {};");
        if (service_.ring_entries != 0 && service_.attaching()) text_.line("u64 broken = 0;  // 1: the client broke the rules of a ring");
        text_.close("};");
        if (service_.events != 0) {
            text_.open("static bool subscribed(const SessionRecord& record, u32 event)");
            for (const Method& method : service_.methods)
                if (method.role == Role::NextEvent)
                    text_.line("if (event == ", method.name, "Method::kEvent) return record.", snake_case(method.event),
                               ".head.subscribed != 0;");
            text_.line("return false;");
            text_.close();
        }
        text_.line();
    }

    std::string request_parameter(const Method& method) const {
        std::string received = received_name(schema_, method.request, space_);
        return (received == type_of(method.request) ? "Request" : received) + "& request)";
    }

    void emit_handle(const Method& method) {
        std::string handler = "server." + function_name(method);
        if (method.role == Role::NextEvent) {
            text_.line("template <class Server, class Session>");
            text_.open("static auto handle(Server&, ipc::Context&, Session& session, Request& request)");
            text_.line("return session.template next_event<", method.name, "Method>(request.number);");
        } else if (method.role == Role::Subscribe) {
            text_.line("template <class Server, class Session>");
            text_.open("static auto handle(Server&, ipc::Context&, Session& session, Request& request)");
            text_.line("return session.template subscribe<", method.event, ", Response>(request);");
        } else if (method.role == Role::Attach) {
            text_.line("template <class Server, class Session>");
            text_.open("static auto handle(Server& server, ipc::Context& context, Session& session, Request& request)");
            text_.line("return session.template attach<", method.name, "Method>(server, context, request);");
        } else if (!by_message(method)) {
            text_.line("template <class Server, class Session>");
            text_.open(
                "static auto handle(Server& server, ring::Pending<Response> pending, Session& session, const Request& "
                "request)");
            text_.line("return ", handler, "(pending, session, request);");
        } else if (service_.has_sessions()) {
            text_.line("template <class Server, class Session>");
            text_.open("static auto handle(Server& server, ipc::Context& context, Session& session, ",
                       request_parameter(method));
            text_.line("return ", handler, "(context, session, std::move(request));");
        } else {
            text_.line("template <class Server>");
            text_.open("static auto handle(Server& server, ipc::Context& context, ", request_parameter(method));
            text_.line("return ", handler, "(context, std::move(request));");
        }
        text_.close();
    }

    void emit_method_table() {
        if (service_.methods.empty()) {
            text_.line("static constexpr std::span<const ipc::MethodInfo> kMethods = {};");
            text_.line();
            return;
        }
        text_.line(
            "// name, ordinal, carrier, restart, idempotent, atomic, once, within, words of request and response");
        text_.line("static constexpr ipc::MethodInfo kMethods[] = {");
        text_.indent();
        for (const Method& method : service_.methods)
            text_.line("{\"", method.name, "\", ", method.ordinal, ", ", name_of(method.carrier), ", ",
                       name_of(method.restart), ", ", method.idempotent, ", ", method.atomic, ", ",
                       method.once, ", ", method.within_ns, ", ",
                       schema_.find_table(method.request)->flat_words, ", ",
                       schema_.find_table(method.response)->flat_words, "},");
        text_.unindent();
        text_.line("};");
        text_.line();
    }

    void emit_concept() {
        text_.line("// What a server of ", name_,
                   " has: a handler for each call, which returns Result<Response>, or a Task of it.");
        if (service_.has_sessions())
            text_.line("// session(badge) finds what the server keeps for a client; null if it knows none.");
        text_.line("template <class Server>");
        text_.line("concept ", name_, "Server =");
        text_.indent();
        if (service_.has_sessions())
            text_.line("requires(Server& server, ipc::Context& context, ipc::SessionOf<Server>& session) {");
        else
            text_.line("requires(Server& server, ipc::Context& context) {");
        text_.indent();
        bool any = service_.has_sessions();
        if (service_.has_sessions())
            text_.line("{ server.session(eft::Badge::None) } -> std::same_as<ipc::SessionOf<Server>*>;");
        for (const Method& method : service_.methods) {
            if (!is_handled(method)) continue;
            any = true;
            std::string call = "server." + function_name(method) + "(context, " +
                               (service_.has_sessions() ? "session, " : "") + "std::declval<" +
                               received_name(schema_, method.request, space_) + ">())";
            if (method.carrier == Carrier::Call)
                text_.line("{ ", call, " } -> ipc::AnswersWith<", type_of(method.response), own_errors(method), ">;");
            else
                text_.line(call, ";");
        }
        if (!any) text_.line("context;");
        text_.unindent();
        text_.line("};");
        text_.unindent();
        text_.line();
    }

    void emit_dispatch() {
        text_.line("template <class Server>");
        text_.open("inline ipc::Outcome ", name_,
                   "::dispatch(Server& server, const ipc::Context& context, ipc::IncomingMessage& message)");
        text_.line("static_assert(", name_,
                   "Server<Server>, \"the server misses a handler, or one has the wrong types\");");
        emit_kind_check(text_, service_);
        bool sessions = service_.has_sessions();
        if (sessions) {
            if (service_.has_session_record()) {
                text_.line("auto session = ipc::session_of_caller(server, context.badge());");
                text_.line("if (!session.ok()) [[unlikely]]");
                text_.line("    return ipc::describe_or<", name_, ">(message, session.error());");
            } else {
                text_.line("auto* session = server.session(context.badge());");
                text_.line("if (!session) [[unlikely]]");
                text_.line("    return ipc::describe_or<", name_, ">(message, eft::Error::StaleSession);");
            }
        }
        text_.open("switch (message.label())");
        for (const Method& method : service_.methods)
            if (by_message(method)) emit_case(method);
        text_.line("default: return ipc::describe_or<", name_, ">(message, eft::Error::NoSuchMethod);");
        text_.close();
        text_.close();
        text_.line();
    }

    void emit_case(const Method& method) {
        const bool checked = emit_caller_check(text_, service_, method);
        text_.line(checked ? "    return " : "case " + method.name + "Method::kLabel: return ", serve(method));
    }
    std::string serve(const Method& method) const {
        return "ipc::serve<" + method.name + "Method>(server, context, message" +
               (!service_.has_sessions() ? ");" : service_.has_session_record() ? ", **session);" : ", *session);");
    }

    void emit_ring_constants() {
        unsigned request_words = 0, response_words = 0;
        for (const Method& method : service_.methods) {
            if (by_message(method)) continue;
            request_words = std::max(request_words, schema_.find_table(method.request)->flat_words);
            response_words = std::max(response_words, schema_.find_table(method.response)->flat_words);
        }
        text_.line("static constexpr u32 kRingEntries = ", service_.ring_entries, ";");
        text_.line("static constexpr u32 kRingRequestWords = ", request_words, ";");
        text_.line("static constexpr u32 kRingResponseWords = ", response_words, ";");
        text_.line("using RingConsumer = ring::Consumer<kRingEntries>;  // in the session");
        text_.line("template <ring::Wake Wake>");
        text_.line("using RingOf = ", name_, "Ring<Wake>;");
    }

    void declare_poll_ring() {
        text_.line();
        text_.line(
            "// Takes what waits in a session's ring, as far as inflight allows. ProtocolViolation: close the "
            "session.");
        text_.line("template <class Server, class Session>");
        text_.line("static eft::Status poll_ring(Server& server, Session& session, RingConsumer& consumer);");
    }

    Text& text_;
    const Schema& schema_;
    const Service& service_;
    const std::string& name_;
    const std::string& space_;
};

}  // namespace

void emit_service(Text& text, const Schema& schema, const Service& service) {
    ServiceEmitter(text, schema, service).emit();
}

}  // namespace idlc
