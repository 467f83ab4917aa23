// What a session has open: which call opens it (`opens`, `kept`, `same`), which closes it (`closes`), and which ones name
// it by the same field and are repeated when it has been opened again (on_restart:"reopen").
#include "check.h"
#include "values.h"

namespace idlc {
namespace {

class OpensChecker {
public:
    OpensChecker(const Schema& schema, Service& service, const Source& source, Diagnostics& diagnostics)
        : schema_(schema), service_(service), source_(source), diagnostics_(diagnostics) {}

    void check() {
        for (Method& method : service_.methods) check_opening(method);
        for (Method& method : service_.methods) check_closing(method);
        for (Method& method : service_.methods) find_opener(method);
    }

private:
    void refuse(const Method& method, const std::string& message, const std::string& hint) {
        diagnostics_.refuse(source_.line_of(service_.name.full(), method.name),
                            service_.name.plain + "." + method.name + " " + message, hint);
    }
    static const std::string* attribute(const Method& method, const char* key) {
        auto found = method.attributes.find(key);
        return found == method.attributes.end() ? nullptr : &found->second;
    }
    // The field of a table, if it is a number that is always there.
    const Field* number_in(const std::string& table_name, const std::string& field_name) const {
        const Table* table = schema_.find_table(table_name);
        if (!table) return nullptr;
        for (const Field& field : table->fields)
            if (field.name == field_name && !field.deprecated && !field.optional &&
                (field.type.shape == Shape::Integer || field.type.shape == Shape::Enum))
                return &field;
        return nullptr;
    }

    void check_opening(Method& method) {
        const std::string* key = attribute(method, "opens");
        if (!key) {
            for (const char* part : {"kept", "same"})
                if (attribute(method, part)) refuse(method, std::string("has ") + part + " and opens nothing", "add opens:\"FIELD\"");
            return;
        }
        method.opens = *key;
        if (!number_in(method.request, *key))
            refuse(method, "has opens:\"" + *key + "\"",
                   "a number in its request, which the client chooses: so it can open the same again under the same number");
        for (const Method& other : service_.methods)
            if (&other != &method && other.opens == *key)
                refuse(method, "opens by " + *key + ", and so does " + other.name,
                       "who names it could mean either; rename the field of one");
        check_kept(method);
        if (const std::string* same = attribute(method, "same")) {
            method.same = *same;
            if (!number_in(method.response, *same))
                refuse(method, "has same:\"" + *same + "\"", "a number in its answer that names what was opened");
        }
        const Table* request = schema_.find_table(method.request);
        const Table* response = schema_.find_table(method.response);
        if (method.carrier != Carrier::Call || method.event_depth != 0)
            refuse(method, "opens something and is no ordinary call", "its answer says whether it is open");
        else if (!method.idempotent && !method.atomic)
            refuse(method, "opens something and has no licence to be repeated", "it is sent again after a death: idempotent or atomic");
        if (request && response && (request->caps != 0 || request->has_area || response->caps != 0))
            refuse(method, "opens something with a capability or an Area", "hand it over by a call of its own: clients keep words only");
        // Where sessions survive with what is attached to them, what is open in them is the incarnation's all the same.
        if ((service_.restart == "reattach" && !service_.attaching()) || !service_.has_sessions())
            refuse(method, "opens something, and the service has no sessions that are lost", "on_restart:\"reset\" on the service");
    }

    void check_kept(Method& method) {
        const std::string* value = attribute(method, "kept");
        const auto number = value ? parse_number(*value, 1, 1024) : std::nullopt;
        if (number) method.kept = static_cast<unsigned>(*number);
        else refuse(method, "opens something and does not say how many are kept", "add kept:\"N\", a number from 1 to 1024");
    }

    void check_closing(Method& method) {
        const std::string* opening = attribute(method, "closes");
        if (!opening) return;
        const Method* opened = service_.find_method(*opening);
        if (!opened || opened->opens.empty())
            return refuse(method, "has closes:\"" + *opening + "\"", "the name of a call that opens something");
        if (method.carrier != Carrier::Call)
            refuse(method, "closes something and is no ordinary call", "its answer says whether it is closed");
        if (!number_in(method.request, opened->opens))
            refuse(method, "closes what " + *opening + " opens, and its request has no " + opened->opens, "name it by the same number");
        for (const Method& other : service_.methods)
            if (other.closes && other.opener == *opening)
                refuse(method, "closes what " + other.name + " closes", "one call ends an opening");
        method.closes = true;
        method.opener = *opening;
    }

    void find_opener(Method& method) {
        if (method.closes || method.restart != Restart::Reopen) return;
        for (const Method& opening : service_.methods)
            if (!opening.opens.empty() && opening.name != method.name && number_in(method.request, opening.opens))
                method.opener = opening.name;
    }

    const Schema& schema_;
    Service& service_;
    const Source& source_;
    Diagnostics& diagnostics_;
};

}  // namespace

void check_opens(const Schema& schema, Service& service, const Source& source, Diagnostics& diagnostics) {
    OpensChecker(schema, service, source, diagnostics).check();
}

}  // namespace idlc
