#include "monitor/rpc/describe.h"

#include "monitor/rpc/types.h"

#include <algorithm>
#include <vector>

namespace eft::monitor {
namespace {

using descriptor::Shape;

std::string default_text(const Catalogue& catalogue, const descriptor::Field& field) {
    const descriptor::Type& type = *field.type();
    if (field.absent() == 0) return {};
    if (type.shape() == Shape::Bool) return " = true";
    if (type.shape() == Shape::Enum) {
        const descriptor::Enum* named = catalogue.enumeration(text(type.named()));
        const descriptor::Enumerator* found = named ? enumerator_of(*named, field.absent()) : nullptr;
        if (found) return " = " + found->name()->str();
    }
    return " = " + (type.is_signed() ? std::to_string(field.absent()) : std::to_string(static_cast<u64>(field.absent())));
}

// Types that are declared elsewhere are written out where they stand; a nested table once, and then by its name, because it
// may hold itself.
class RecordText {
public:
    explicit RecordText(const Catalogue& catalogue) : catalogue_(catalogue) {}

    std::string record(std::string_view full_name) {
        const descriptor::Record* found = catalogue_.record(full_name);
        const bool again = std::find(shown_.begin(), shown_.end(), full_name) != shown_.end();
        if (!found || again) return std::string(short_name(full_name));
        if (found->is_flatbuffer()) shown_.push_back(full_name);
        std::string line = "{";
        for (const descriptor::Field* each : *found->fields()) {
            if (each->deprecated()) continue;
            line.append(line.size() > 1 ? ", " : "").append(field(*each));
        }
        return line + "}";
    }

private:
    std::string field(const descriptor::Field& field) {
        std::string line = field.name()->str() + ": " + type(*field.type(), type_name(field));
        if (field.max() != 0) line.append(" max ").append(std::to_string(field.max()));
        if (field.optional() || field.nullable()) line.append(", optional");
        if (field.required()) line.append(", required");
        return line + default_text(catalogue_, field);
    }

    std::string type(const descriptor::Type& type, const std::string& plain) {
        const descriptor::Type& innermost = type.element() ? *type.element() : type;
        std::string inner;
        switch (innermost.shape()) {
            case Shape::Enum: inner = values(text(innermost.named())); break;
            case Shape::Struct:
            case Shape::Area:
            case Shape::Table: inner = record(text(innermost.named())); break;
            case Shape::Union: inner = cases(text(innermost.named())); break;
            default: return plain;
        }
        if (inner.empty()) return plain;
        return type.element() ? "[" + inner + (type.length() != 0 ? ":" + std::to_string(type.length()) : "") + "]" : inner;
    }
    // Error has too many.
    std::string values(std::string_view name) const {
        const descriptor::Enum* named = catalogue_.enumeration(name);
        std::string all;
        if (named && !is_open(*named))
            for (const descriptor::Enumerator* each : *named->values()) all.append(all.empty() ? "" : "|").append(text(each->name()));
        return all;
    }
    // As in JSON: an object whose one member names the case.
    std::string cases(std::string_view name) {
        const descriptor::Enum* named = catalogue_.enumeration(name);
        std::string all;
        if (named)
            for (const descriptor::Enumerator* each : *named->values())
                if (each->value() != 0) all.append(all.empty() ? "{" : "} | {").append(text(each->name())).append(": ").append(record(text(each->record())));
        return all.empty() ? all : all + "}";
    }

    const Catalogue& catalogue_;
    std::vector<std::string_view> shown_;
};

std::string properties(const descriptor::Method& method) {
    std::string line;
    const auto add = [&](bool applies, std::string_view word) {
        if (applies) line.append(line.empty() ? "" : ", ").append(word);
    };
    add(method.carrier() == descriptor::Carrier::Ring, "through a ring (not by rpc)");
    add(method.carrier() == descriptor::Carrier::Oneway, "without answer");
    add(method.carrier() == descriptor::Carrier::OnewayLossy, "without answer, may be dropped");
    add(method.idempotent(), "idempotent");
    add(method.atomic(), "atomic");
    add(method.once(), "once");
    if (method.callers() && method.callers()->size() != 0) {
        line.append(line.empty() ? "for " : ", for ");
        for (unsigned i = 0; i < method.callers()->size(); ++i) line.append(i == 0 ? "" : " and ").append(text(method.callers()->Get(i)));
    }
    return line;
}

std::string method_text(const Catalogue& catalogue, const descriptor::Method& method) {
    std::string text_of = "  " + method.name()->str() + " " + record_text(catalogue, text(method.request()));
    if (method.carrier() == descriptor::Carrier::Call || method.carrier() == descriptor::Carrier::Ring)
        text_of.append(" -> ").append(record_text(catalogue, text(method.response())));
    const std::string more = properties(method);
    const std::string_view comment = text(method.comment());
    text_of.append(more.empty() && comment.empty() ? "\n" : "\n      ").append(more);
    if (!comment.empty()) text_of.append(more.empty() ? "" : ". ").append(comment);
    return more.empty() && comment.empty() ? text_of : text_of + "\n";
}

}  // namespace

std::string record_text(const Catalogue& catalogue, std::string_view full_name) { return RecordText(catalogue).record(full_name); }

std::string interface_text(const Catalogue& catalogue, const descriptor::Service& service) {
    std::string lines = std::string(short_name(text(service.name()))) + ", interface " + std::to_string(service.id()) + ", version " + std::to_string(service.version()) + "\n";
    if (text(service.comment()).size() != 0) lines.append("  ").append(text(service.comment())).append("\n");
    for (const descriptor::Method* method : *service.methods()) lines.append(method_text(catalogue, *method));
    return lines;
}

std::string error_text(const Catalogue& catalogue, const descriptor::Method& method, Error error) {
    constexpr u32 kFirstOwnError = 256;
    const u32 number = static_cast<u32>(error);
    if (error == Error::PeerDied) return "the server died in the middle of the call: nothing of it has happened";
    if (number < kFirstOwnError) return to_string(error);
    const descriptor::Enum* own = catalogue.enumeration(text(method.errors()));
    const descriptor::Enumerator* found = own ? enumerator_of(*own, static_cast<std::int64_t>(number)) : nullptr;
    if (!found) return "error " + std::to_string(number);
    return found->name()->str() + " (error " + std::to_string(number) + ")";
}

}  // namespace eft::monitor
