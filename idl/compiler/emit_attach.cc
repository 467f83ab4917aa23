// What a session keeps of a call with `attach`: which capability of the request lies in which of an attachment's slots, and
// how libos finds its way in request and answer.
#include "emit.h"

namespace idlc {
namespace {

bool has_capability(const Table& table, const char* name) {
    const Field* field = table.find_field(name);
    return field && field->type.shape == Shape::Cap;
}

}  // namespace

void emit_attachment(Text& text, const Schema& schema, const Service& service) {
    const Method* method = service.attaching();
    if (!method) return text.line("using Attachment = ipc::NoAttachment;");
    const Table& request = *schema.find_table(method->request);
    text.open("struct Attachment");
    text.line("static constexpr u32 kCount = ", method->attachments, ";  // of one session");
    text.line("static constexpr u32 kSlots = ", request.caps, ";");
    text.line("static constexpr bool kHasRing = ", has_capability(request, "ring"), ";");
    text.line("static constexpr bool kHasArea = ", has_capability(request, "area"), ";");
    text.line("static constexpr bool kHasWake = ", has_capability(request, "wake"), ";");
    for (const Field& field : request.fields)
        if (field.type.shape == Shape::Cap)
            text.line("static constexpr u32 ", slot_name(field), " = ", field.cap_index, ";  // its slot");
    const Field* area = request.find_field("area");
    text.line("static constexpr u64 kAreaMax = ", area ? area->max_bytes : 0, ";  // bytes");
    text.close("};");
}

void emit_attach_fields(Text& text, const Schema& schema, const Method& method) {
    const Table& request = *schema.find_table(method.request);
    const char* several = method.attachments > 1 ? " request" : "";
    text.line("static u32 index(const Request&", several, ") { return ", *several ? "request.index" : "0", "; }");
    const char* area = has_capability(request, "area") ? " request" : "";
    text.line("static u64 area_bytes(const Request&", area, ") { return ", *area ? "request.area_bytes" : "0", "; }");
    text.line("static constexpr bool kGivesWake = ", has_capability(*schema.find_table(method.response), "wake"),
              ";  // for what the client submits");
}

}  // namespace idlc
