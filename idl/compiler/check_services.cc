#include "authority.h"
#include "check.h"
#include "events.h"
#include "values.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace idlc {
namespace {

class ServiceChecker {
public:
    ServiceChecker(Schema& schema, const Source& source, Diagnostics& diagnostics)
        : schema_(schema), source_(source), diagnostics_(diagnostics) {}

    void check(Service& service) {
        service_ = &service;
        method_ = nullptr;
        check_service_attributes();
        std::map<unsigned, std::string> ordinals;
        for (Method& method : service.methods) {
            method_ = &method;
            check_method(ordinals);
        }
        method_ = nullptr;
        check_description();
        check_attach(schema_, service, source_, diagnostics_);
        check_opens(schema_, service, source_, diagnostics_);
        check_authority(service, source_, diagnostics_);
        // What a server keeps in its state region is there after a restart, unless it says otherwise.
        if (service.has_session_record() && service.restart.empty()) service.restart = "reattach";
        for (Method& method : service.methods) {
            method_ = &method;
            if (method.event_depth != 0) check_event();
            else if (service.events != 0 && method.ordinal >= kSubscribeBit)
                refuse("has ordinal " + std::to_string(method.ordinal) + " in a service with events",
                       "ordinals from 32768 on are those of subscriptions");
        }
    }

private:
    std::string subject() const { return method_ ? service_->name.plain + "." + method_->name : service_->name.plain; }
    void refuse(const std::string& message, const std::string& hint) {
        std::string full = service_->name.full();
        diagnostics_.refuse(method_ ? source_.line_of(full, method_->name) : source_.line_of(full),
                            subject() + " " + message, hint);
    }
    void refuse_value(const std::string& key, const std::string& value, const std::string& hint) {
        refuse("has " + key + ":\"" + value + "\"", hint);
    }

    const std::string* service_attribute(const char* key) const { return find(service_->attributes, key); }
    const std::string* method_attribute(const char* key) const { return find(method_->attributes, key); }
    static const std::string* find(const std::map<std::string, std::string>& attributes, const char* key) {
        auto found = attributes.find(key);
        return found == attributes.end() ? nullptr : &found->second;
    }
    bool number(const std::string& key, const std::string& value, std::uint64_t least, std::uint64_t most,
                unsigned& to) {
        auto parsed = parse_number(value, least, most);
        if (parsed)
            to = static_cast<unsigned>(*parsed);
        else
            refuse_value(key, value, "a number from " + std::to_string(least) + " to " + std::to_string(most));
        return parsed.has_value();
    }

    void check_service_attributes() {
        if (!service_attribute("id"))
            refuse("has no id", "add (id:\"N\"), a number from 1 to 65535 that no other service has");
        for (const auto& [key, value] : service_->attributes) {
            if (key == "id")
                number(key, value, 1, 0xffff, service_->id);
            else if (key == "version")
                number(key, value, 1, kMaxVersion, service_->version);
            else if (key == "inflight")
                number(key, value, 1, 4096, service_->inflight);
            else if (key == "session")
                check_session_table(value);
            else if (key == "error")
                service_->error_enum = check_error_enum(value);
            else if (key == "on_restart") {
                service_->restart = value;
                if (value != "reattach" && value != "reset")
                    refuse_value(key, value, "on a service the values are \"reattach\" and \"reset\"");
            } else if (key != "kinds") {  // check_authority()
                refuse("has the attribute '" + key + "', which is unknown",
                       "a service can have: id, version, on_restart, session, kinds, inflight, error");
            }
        }
    }

    // Every endpoint describes its service (ordinal 0) in one message.
    void check_description() {
        const Table* description = schema_.find_table("eft.Description");
        const auto most = [&](const char* field) {
            const Field* found = description ? description->find_field(field) : nullptr;
            return found ? found->max : 0;
        };
        std::size_t calls = 0, names = 0;
        for (const Method& method : service_->methods) {
            const bool is_event = method.event_depth != 0;  // two calls: NextChanged and SubscribeChanged
            calls += is_event ? 2 : 1;
            names += is_event ? 2 * method.name.size() + 15 : method.name.size() + 1;
        }
        const auto refuse_more = [&](std::size_t number, unsigned bound, const std::string& what, const std::string& hint) {
            if (description && number > bound)
                refuse("has " + what + std::to_string(number) + "; a description has room for " + std::to_string(bound), hint);
        };
        refuse_more(service_->name.plain.size(), most("name"), "a name whose length is ", "a shorter one");
        refuse_more(calls, most("methods"), "calls, each event counted as two: ", "split it into two services; an endpoint can have several");
        refuse_more(names, most("names"), "calls, the length of whose names is ", "shorter names, or two services; an endpoint can have several");
    }

    void check_session_table(const std::string& value) {
        const Table* table = resolve_name(schema_.tables, value, service_->name.space);
        if (!table || table->is_struct) return refuse_value("session", value, "the name of a table");
        service_->session_table = table->name.full();
        if (table->has_tail() || table->is_flatbuffer || table->caps != 0 || table->has_area)
            refuse_value("session", value, "a session lies in a state region: flat fields only");
    }

    std::string check_error_enum(const std::string& value) {
        const Enum* type = resolve_name(schema_.enums, value, service_->name.space);
        if (!type || type->is_union) {
            refuse_value("error", value, "the name of an enum");
            return "";
        }
        for (const EnumValue& each : type->values)
            if (each.value < 256 || each.value > 65535)
                refuse("has error:\"" + value + "\", whose " + each.name + " is " + std::to_string(each.value),
                       "an interface's own errors are numbers from 256 to 65535; the others are common to all");
        if (type->underlying.size < 2) refuse_value("error", value, "`enum " + value + " : uint`");
        return type->name.full();
    }

    void check_method(std::map<unsigned, std::string>& ordinals) {
        const std::string* ordinal = method_attribute("ordinal");
        if (!ordinal) {
            refuse("has no ordinal",
                   "add (ordinal:\"N\"), a number from 1 to 65535 that was never used in this service");
        } else if (number("ordinal", *ordinal, 1, 0xffff, method_->ordinal)) {
            auto [other, is_new] = ordinals.emplace(method_->ordinal, method_->name);
            if (!is_new)
                refuse("has ordinal " + *ordinal + ", which is " + service_->name.plain + "." + other->second + "'s",
                       "an ordinal is given once and never again");
        }
        for (const auto& [key, value] : method_->attributes) check_method_attribute(key, value);
        check_restart();
        check_messages();
    }

    void check_method_attribute(const std::string& key, const std::string& value) {
        if (key == "idempotent")
            method_->idempotent = check_flag(key, value);
        else if (key == "atomic")
            method_->atomic = check_flag(key, value);
        else if (key == "once")
            method_->once = check_flag(key, value);
        else if (key == "ring")
            check_ring(value);
        else if (key == "oneway")
            check_oneway(value);
        else if (key == "error")
            method_->error_enum = check_error_enum(value);
        else if (key == "event")
            check_event_depth(value);
        else if (key == "within") {
            auto duration = parse_duration(value);
            if (duration)
                method_->within_ns = *duration;
            else
                refuse_value(key, value, "a number and ns, us, ms or s, at most a day: \"50ms\"");
        } else if (key == "suspect") {
            check_suspects(value);
        } else if (key == "opens" || key == "kept" || key == "same" || key == "closes" || key == "attach") {
            // check_opens() and check_attach() need the other calls, too.
        } else if (key != "ordinal" && key != "on_restart" && key != "for") {
            refuse("has the attribute '" + key + "', which is unknown",
                   "a call can have: ordinal, ring, oneway, event, idempotent, atomic, once, on_restart, within, suspect, error, "
                   "for, opens, kept, same, closes, attach");
        }
    }

    // Others say what the caller has to know, or what stubs deal with.
    void check_suspects(const std::string& value) {
        constexpr std::string_view kErrors[] = {"InvalidArgument", "Cancelled", "NotFound", "OutOfMemory", "OutOfRange", "NotSupported", "DeviceError",
                                                "NoDevice", "BadFormat", "LimitReached", "TimedOut", "ProtocolViolation", "WrongState"};
        std::istringstream words(value);
        for (std::string word; words >> word;) {
            method_->suspects.push_back(word);
            if (value != "all" && std::find(std::begin(kErrors), std::end(kErrors), word) == std::end(kErrors))
                refuse_value("suspect", word, "all, or names of errors that a server can be wrong about, such as DeviceError, OutOfRange and TimedOut");
        }
        if (method_->suspects.empty()) refuse_value("suspect", value, "suspect:\"all\", or names of errors");
    }

    bool check_flag(const std::string& key, const std::string& value) {
        if (value != "0") refuse_value(key, value, "it stands alone, without a value");
        return true;
    }

    void check_ring(const std::string& value) {
        unsigned entries = 0;
        if (!number("ring", value, 2, 4096, entries)) return;
        if (entries & (entries - 1)) refuse_value("ring", value, "a power of two");
        if (service_->ring_entries != 0 && service_->ring_entries != entries)
            refuse_value("ring", value,
                         "all ring calls of a service go through one ring; its other calls say \"" +
                             std::to_string(service_->ring_entries) + "\"");
        service_->ring_entries = entries;
        method_->carrier = Carrier::Ring;
    }

    void check_oneway(const std::string& value) {
        if (value != "0" && value != "lossy") refuse_value("oneway", value, "alone, or oneway:\"lossy\"");
        if (method_->carrier == Carrier::Ring || method_attribute("ring"))
            refuse("is oneway and travels through a ring", "one of the two");
        method_->carrier = value == "lossy" ? Carrier::OnewayLossy : Carrier::Oneway;
    }

    void check_event_depth(const std::string& value) {
        constexpr unsigned kUsual = 16;
        method_->event_depth = kUsual;
        if (value != "0") number("event", value, 2, 256, method_->event_depth);
        method_->event_index = service_->events++;
    }

    void check_event() {
        for (const char* key : {"ring", "oneway", "idempotent", "atomic", "once", "on_restart", "within"})
            if (method_attribute(key))
                refuse(std::string("is an event and has ") + key, "fetching an event is idempotent by itself; remove it");
        if (method_->ordinal >= kSubscribeBit)
            refuse("is an event with ordinal " + std::to_string(method_->ordinal), "a number from 1 to 32767");
        if (service_->restart == "reset")
            refuse("is an event of a service whose sessions do not survive",
                   "a subscriber that waits would never learn of it: on_restart:\"reattach\"");
        if (method_->request != "eft.Empty")
            refuse("is an event and takes " + method_->request, "let it take Empty; what happens is what it returns");
        for (const char* needed : {"eft.AfterEvent", "eft.Subscription", "eft.Subscribed"})
            if (!schema_.find_table(needed))
                refuse(std::string("is an event, and there is no table ") + needed, "include the eft.fbs of this tree");
        const Table* event = schema_.find_table(method_->response);
        if (!event) return;
        if (!event->defaults_known)
            refuse("is an event of " + event->name.plain + ", which " + event->file + " declares, and that cannot be read",
                   "keep it where flatc found it: reflection alone may have lost a default");
        if (event->caps != 0 || event->has_area)
            refuse("is an event with a capability or an Area", "let the subscriber call for it when it has been told");
        if (event->is_flatbuffer)
            refuse("is an event that is a FlatBuffer", "let the subscriber call for the data when it has been told");
        for (const Field& field : event->fields)
            if (field.name == "number" || field.name == "missed")
                refuse("is an event with the field " + field.name, "every event has a number and missed by itself");
        if (event->max_words() + 3 > kMaxMessageWords)
            refuse("is an event that fits no message", "lower max, or let the subscriber call for the data");
    }

    void check_restart() {
        bool may_repeat = method_->idempotent || method_->atomic || method_->once;
        bool oneway = method_->carrier == Carrier::Oneway || method_->carrier == Carrier::OnewayLossy;
        method_->restart = may_repeat ? Restart::Retry : Restart::Unhandled;
        if (const std::string* value = method_attribute("on_restart")) {
            if (*value == "retry") {
                if (!may_repeat)
                    refuse("has on_restart:\"retry\" and no licence to be repeated",
                           "say why it may: idempotent, atomic or once");
                method_->restart = Restart::Retry;
            } else if (*value == "reopen") {
                method_->restart = Restart::Reopen;
            } else if (*value == "fail") {
                method_->restart = Restart::Fail;
            } else {
                refuse_value("on_restart", *value, "on a call the values are \"retry\", \"reopen\" and \"fail\"");
            }
            if (oneway)
                refuse("is oneway and says what to do when its server dies", "nobody would notice; remove on_restart");
        }
        if (method_->once && !service_->has_sessions())
            refuse("is once, and its service has no sessions to keep the reply in",
                   "add inflight, session or on_restart to the service");
        if (oneway && (method_->once || method_->within_ns))
            refuse("is oneway; without a reply, once and within mean nothing", "remove them");
        if (!method_->suspects.empty() && !may_repeat)
            refuse("is suspect and has no licence to be repeated", "say why it may: idempotent, atomic or once");
        if (method_->carrier == Carrier::Ring && method_->once)
            refuse("is once and travels through a ring",
                   "ring entries are repeated by the server itself; use idempotent");
        if (method_->carrier == Carrier::Ring && !service_->has_sessions())
            refuse("travels through a ring, and its service has no sessions to hold one",
                   "add inflight to the service");
        if (method_->carrier == Carrier::Ring && !may_repeat)
            refuse("travels through a ring and has no licence to be repeated",
                   "a new incarnation does unfinished entries again: idempotent or atomic");
    }

    void check_messages() {
        const Table* request = schema_.find_table(method_->request);
        const Table* response = schema_.find_table(method_->response);
        if (!request || !response) return;  // flatc has refused it
        if (request->is_struct || response->is_struct) {
            refuse("takes or returns a struct", "use a table");
            return;
        }
        bool ring = method_->carrier == Carrier::Ring;
        if (method_->once && response->narrows)
            refuse("is once and returns a capability with rights, and its reply is kept as it was sent",
                   "let the handler derive it, and leave rights out");
        if (response->has_area)
            refuse("returns an Area", "an area is named in the request; the reply says how much of it");
        if (request->has_area && !service_->has_sessions())
            refuse("names an Area, and its service has no sessions to share one with", "add inflight to the service");
        if (method_->carrier != Carrier::Call && !ring && method_->response != "eft.Empty")
            refuse("is oneway and returns " + response->name.plain, "let it return Empty");
        if (!ring) return;
        for (const Table* table : {request, response}) {
            if (table->caps != 0)
                refuse("travels through a ring, and " + table->name.plain + " has a capability",
                       "hand it over by an ordinary call before");
            if (table->is_flatbuffer)
                refuse("travels through a ring, and " + table->name.plain + " is a FlatBuffer",
                       "put the bytes into the session's area");
            else if (table->has_tail())
                refuse("travels through a ring, and " + table->name.plain + " has a string or vector",
                       "put the bytes into the session's area");
            else if (table->flat_words > kMaxRingWords)
                refuse("travels through a ring, and " + table->name.plain + " takes " +
                           std::to_string(table->flat_words) + " words; an entry has at most " +
                           std::to_string(kMaxRingWords),
                       "put the data into the session's area");
        }
    }

    Schema& schema_;
    const Source& source_;
    Diagnostics& diagnostics_;
    Service* service_ = nullptr;
    Method* method_ = nullptr;
};

}  // namespace

void check_services(Schema& schema, const Source& source, Diagnostics& diagnostics) {
    ServiceChecker checker(schema, source, diagnostics);
    for (Service& service : schema.services)
        if (service.here) checker.check(service);
}

void check_unique_ids(const Schema& schema, const Source& source, const std::vector<ForeignId>& others,
                      Diagnostics& diagnostics) {
    std::map<unsigned, std::string> seen;
    for (const Service& service : schema.services) {
        if (!service.here || service.id == 0) continue;
        int line = source.line_of(service.name.full());
        std::string subject = service.name.plain + " has id " + std::to_string(service.id) + ", which is ";
        auto [other, is_new] = seen.emplace(service.id, service.name.plain);
        if (!is_new) diagnostics.refuse(line, subject + other->second + "'s", "an id stands once in the tree");
        for (const ForeignId& foreign : others)
            if (foreign.service.id == std::to_string(service.id))
                diagnostics.refuse(
                    line, subject + foreign.service.service + "'s",
                    "an id stands once in the tree; see " + foreign.file + ":" + std::to_string(foreign.service.line));
    }
}

}  // namespace idlc
