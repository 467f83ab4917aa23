// Who may make a call: the kinds of session of a service (kinds:"control,client"), and those that a call is for
// (for:"control"). A badge has the number of its kind in its high bits (<eft/ipc/session_kind.h>).
#pragma once

#include "diagnostics.h"
#include "model.h"
#include "source.h"
#include "text.h"

#include <string>

namespace idlc {

// Completes the model; part of check_services(), behind everything else of the service.
void check_authority(Service& service, const Source& source, Diagnostics& diagnostics);

// What `service` has for its kinds, and a method for its callers. Nothing where there are no kinds.
void emit_session_kinds(Text& text, const Service& service);
void emit_callers(Text& text, const Service& service, const Method& method);
// In the dispatcher: before sessions are looked up.
void emit_kind_check(Text& text, const Service& service);
// The case of a call with its check, for the return of the handler's answer to follow. False: all may call, and nothing is
// written.
bool emit_caller_check(Text& text, const Service& service, const Method& method);

// "control, client"; empty where the schema does not say.
std::string kinds_in_words(const Service& service);
std::string callers_in_words(const Service& service, const Method& method);

}  // namespace idlc
