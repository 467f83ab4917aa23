// Kinds of session in the generated header: the enum, the badges, and the checks of the dispatcher.
#include "authority.h"
#include "names.h"

namespace idlc {

void emit_session_kinds(Text& text, const Service& service) {
    if (service.kinds.empty()) return;
    std::string values, names;
    for (std::size_t i = 0; i < service.kinds.size(); ++i) {
        values += (i == 0 ? "" : ", ") + camel_case(service.kinds[i]) + " = " + std::to_string(i + 1);
        names += (i == 0 ? "\"" : ", \"") + service.kinds[i] + "\"";
    }
    text.line("// Kinds of session. A badge is a kind and an id below it that is never used again (<eft/ipc/session_kind.h>).");
    text.line("enum class SessionKind : u8 { ", values, " };");
    text.line("static constexpr std::string_view kSessionKinds[] = {", names, "};  // from 1");
    text.line("static constexpr eft::Badge badge_of(SessionKind kind, u64 id) { return ipc::badge_of(static_cast<unsigned>(kind), id); }");
    text.line("static constexpr SessionKind kind_of(eft::Badge badge) { return static_cast<SessionKind>(ipc::kind_number(badge)); }");
    text.line();
}

void emit_callers(Text& text, const Service& service, const Method& method) {
    if (method.callers == 0) return;
    text.line("static constexpr ipc::Callers kCallers = ", method.callers, ";  // ", callers_in_words(service, method));
}

void emit_kind_check(Text& text, const Service& service) {
    if (service.kinds.empty()) return;
    std::string kinds;
    for (const std::string& kind : service.kinds) kinds += (kinds.empty() ? "" : " ") + kind;
    text.line("EFT_NOTE_SESSION_KINDS(\"", kinds, "\");");
    text.line("if (!ipc::is_kind(context.badge(), std::size(kSessionKinds))) [[unlikely]]");
    text.line("    return ipc::describe_or<", service.name.plain, ">(message, eft::Error::StaleSession);");
}

bool emit_caller_check(Text& text, const Service& service, const Method& method) {
    const unsigned all = (2u << service.kinds.size()) - 2;
    if (method.callers == 0 || method.callers == all) return false;
    text.line("case ", method.name, "Method::kLabel:");
    text.line("    if (!ipc::may_call(context.badge(), ", method.name, "Method::kCallers)) [[unlikely]]");
    text.line("        return message.refuse(eft::Error::PermissionDenied);");
    return true;
}

}  // namespace idlc
