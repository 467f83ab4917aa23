#include "monitor/rpc/trace.h"

#include "monitor/rpc/describe.h"
#include "monitor/rpc/message.h"
#include "monitor/rpc/reply.h"
#include "monitor/rpc/types.h"

#include <eft/json.h>
#include <eft/message_trace.h>

#include <algorithm>
#include <cstring>

namespace eft::monitor {
namespace {

using descriptor::Shape;

constexpr u32 kFirstOwnError = 256;  // of an interface

const descriptor::Method* method_of(const Catalogue& catalogue, Tag request) {
    const descriptor::Service* service = catalogue.service(static_cast<u16>(request.label() >> 16));
    return service ? catalogue.method(*service, static_cast<u16>(request.label())) : nullptr;
}

// The bytes of the request that are known.
struct Beginning {
    Message message;
    std::size_t bytes;
    bool whole;
};

Beginning beginning_of(Tag request, std::span<const u64> words) {
    Beginning known{};
    const std::size_t count = std::min<std::size_t>({request.words(), words.size(), kMaxWords});
    std::copy_n(words.begin(), count, known.message.words.begin());
    known.message.word_count = request.words();
    known.message.cap_count = request.caps();
    known.bytes = count * sizeof(u64);
    known.whole = count == request.words();
    return known;
}

// A string or vector, by where the flat words say that it is: as much as is known of it.
std::string tail_text(const descriptor::Field& field, const Beginning& known) {
    u32 place = 0;
    std::memcpy(&place, known.message.bytes().data() + field.offset(), sizeof place);
    const std::size_t offset = place & 0xffff, count = place >> 16;
    if (field.type()->shape() == Shape::Vector) return count == 0 ? "[]" : "[... " + std::to_string(count) + "]";
    if (count == 0) return "\"\"";
    if (offset >= known.bytes) return "...";
    const std::size_t shown = std::min(count, known.bytes - offset);
    std::string text;
    append_json_string(text, {reinterpret_cast<const char*>(known.message.bytes().data()) + offset, shown});
    return shown == count ? text : text + "...";
}

std::string value_text(const Catalogue& catalogue, const descriptor::Record& record, const descriptor::Field& field, const Beginning& known) {
    const Shape shape = field.type()->shape();
    if (shape == Shape::Cap) return field.cap_index() < known.message.cap_count ? type_name(field) : "null";
    if (record.is_flatbuffer()) return "...";
    const bool tail = shape == Shape::String || shape == Shape::Vector;
    const std::size_t end = field.offset() + (tail ? sizeof(u32) : field.type()->size());
    if (end > known.bytes && !known.whole) return "...";
    if (tail) return end > known.bytes ? "\"\"" : tail_text(field, known);
    const Result<std::string> value = ReplyWriter(catalogue, known.message).write_field(record, field);
    return value.ok() ? *value : "invalid";
}

}  // namespace

std::string request_text(const Catalogue& catalogue, Tag request, std::span<const u64> words) {
    if (request.has(Tag::Fault)) return "a fault";
    std::string line = catalogue.label_name(request.label());
    const descriptor::Method* method = method_of(catalogue, request);
    const descriptor::Record* record = method ? catalogue.record(text(method->request())) : nullptr;
    if (!record) return line;
    const Beginning known = beginning_of(request, words);
    line.append(" {");
    bool first = true;
    for (const descriptor::Field* field : *record->fields()) {
        if (field->deprecated()) continue;
        line.append(first ? "" : ", ").append(text(field->name())).append(": ");
        line.append(value_text(catalogue, *record, *field, known));
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
