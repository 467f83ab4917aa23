// The call by which a client attaches memory and notifications to its session (`attach`): libos keeps them in persistent
// slots, and maps them again in each incarnation. What a field is for, its name says: ring, area, wake, index.
#include "check.h"
#include "values.h"

namespace idlc {
namespace {

class AttachChecker {
public:
    AttachChecker(const Schema& schema, Service& service, const Source& source, Diagnostics& diagnostics)
        : schema_(schema), service_(service), source_(source), diagnostics_(diagnostics) {}

    void check() {
        for (Method& method : service_.methods) {
            const auto value = method.attributes.find("attach");
            if (value == method.attributes.end()) continue;
            if (const Method* other = service_.attaching())
                refuse(method, "attaches, as " + other->name + " does", "one call of a service attaches; several times over: attach:\"N\"");
            check_call(method, value->second);
        }
    }

private:
    static constexpr unsigned kMost = 64;

    void refuse(const Method& method, const std::string& message, const std::string& hint) {
        diagnostics_.refuse(source_.line_of(service_.name.full(), method.name),
                            service_.name.plain + "." + method.name + " " + message, hint);
    }
    static bool is_number(const Field* field, unsigned size) {
        return field && field->type.shape == Shape::Integer && field->type.size == size && !field->type.is_signed &&
               !field->optional && !field->deprecated;
    }

    void check_call(Method& method, const std::string& value) {
        method.role = Role::Attach;
        method.attachments = 1;
        if (value != "0") {
            const auto number = parse_number(value, 1, kMost);
            if (number) method.attachments = static_cast<unsigned>(*number);
            else refuse(method, "has attach:\"" + value + "\"", "how many times over, from 1 to " + std::to_string(kMost) + "; alone: once");
        }
        if (method.carrier != Carrier::Call || method.event_depth != 0)
            refuse(method, "attaches and is no ordinary call", "its answer says that it is attached");
        if (!method.idempotent || method.once)
            refuse(method, "attaches and is not idempotent", "what it attaches takes the place of what was attached before: idempotent");
        if (service_.restart == "reset")
            refuse(method, "attaches to a session that does not survive", "on_restart:\"reattach\" on the service, or nothing");
        const Table* request = schema_.find_table(method.request);
        if (!request) return;
        if (request->caps == 0)
            return refuse(method, "attaches, and its request has no capability", "what the session shall keep: ring, area, wake");
        if (method.attachments > 1 && !is_number(request->find_field("index"), 4))
            refuse(method, "attaches several times over, and its request does not say which", "add index:uint, from 0");
        for (const Field& field : request->fields)
            if (field.type.shape == Shape::Cap) check_capability(method, *request, field);
        if (service_.ring_entries != 0 && !request->find_field("ring"))
            refuse(method, "attaches no ring, and the service has calls that travel through one", "add ring:Cap (cap:\"memory\")");
    }

    void check_capability(const Method& method, const Table& request, const Field& field) {
        const auto kind = field.attributes.find("cap");
        if (kind == field.attributes.end()) return;  // refused already
        const bool memory = kind->second == "memory";
        if (field.attributes.contains("optional"))
            refuse(method, "attaches " + field.name + ", which may be absent", "a session has all of it or nothing");
        if (field.name == "ring" && (!memory || service_.ring_entries == 0))
            refuse(method, "attaches a ring that is none", "memory, in a service with calls that travel through a ring");
        if (field.name == "wake" && kind->second != "notification")
            refuse(method, "attaches wake, which is no notification", "wake:Cap (cap:\"notification\")");
        if (memory && field.name != "ring" && field.name != "area")
            refuse(method, "attaches the memory " + field.name, "a session has one ring and one area; call it area");
        if (field.name != "area") return;
        if (!memory || field.max_bytes == 0)
            refuse(method, "attaches an area without a bound", "area:Cap (cap:\"memory\", max:\"BYTES\")");
        if (!is_number(request.find_field("area_bytes"), 8))
            refuse(method, "attaches an area, and its request does not say how large it is", "add area_bytes:ulong");
    }

    const Schema& schema_;
    Service& service_;
    const Source& source_;
    Diagnostics& diagnostics_;
};

}  // namespace

void check_attach(const Schema& schema, Service& service, const Source& source, Diagnostics& diagnostics) {
    AttachChecker(schema, service, source, diagnostics).check();
}

}  // namespace idlc
