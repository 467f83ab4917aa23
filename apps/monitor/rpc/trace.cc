#include "monitor/rpc/trace.h"

#include "monitor/rpc/describe.h"
#include "monitor/rpc/message.h"
#include "monitor/rpc/types.h"

#include <eft/message_trace.h>

namespace eft::monitor {
namespace {

using descriptor::Shape;

constexpr u32 kFirstOwnError = 256;  // of an interface

const descriptor::Method* method_of(const Catalogue& catalogue, Tag request) {
    const descriptor::Service* service = catalogue.service(static_cast<u16>(request.label() >> 16));
    return service ? catalogue.method(*service, static_cast<u16>(request.label())) : nullptr;
}

std::string value_text(const descriptor::Record& record, const descriptor::Field& field, Tag request) {
    if (field.type()->shape() == Shape::Cap) return field.cap_index() < request.caps() ? type_name(field) : "null";
    if (record.is_flatbuffer()) return "...";
    if (field.type()->shape() == Shape::String || field.type()->shape() == Shape::Vector) {
        // A tail never begins in the registers. Behind them it may, whatever we take for the flat words: an older sender has fewer.
        if (request.words() > kRegisterWords) return "...";
        return field.type()->shape() == Shape::String ? "\"\"" : "[]";
    }
    if (field.offset() >= request.words() * sizeof(u64)) return field.nullable() ? "null" : "default";
    return "...";
}

}  // namespace

std::string request_text(const Catalogue& catalogue, Tag request) {
    if (request.has(Tag::Fault)) return "a fault";
    std::string line = catalogue.label_name(request.label());
    const descriptor::Method* method = method_of(catalogue, request);
    const descriptor::Record* record = method ? catalogue.record(text(method->request())) : nullptr;
    if (!record) return line;
    line.append(" {");
    bool first = true;
    for (const descriptor::Field* field : *record->fields()) {
        if (field->deprecated()) continue;
        line.append(first ? "" : ", ").append(text(field->name())).append(": ");
        line.append(value_text(*record, *field, request));
        first = false;
    }
    return line.append("}");
}

std::string answer_text(const Catalogue& catalogue, Tag request, u64 answer) {
    if (answer == TraceEntry::kNone) return "not answered";
    if (answer == TraceEntry::kNobody) return "no answer wanted";
    const u32 label = Tag(answer).label();
    if (label == 0) return "answered";
    if (label < kFirstOwnError) return std::string("answered: ").append(to_string(static_cast<Error>(label)));
    const descriptor::Method* method = method_of(catalogue, request);
    if (!method) return "answered: error " + std::to_string(label);
    return "answered: " + error_text(catalogue, *method, static_cast<Error>(label));
}

}  // namespace eft::monitor
