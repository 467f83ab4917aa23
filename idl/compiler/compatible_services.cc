// Services and calls, and the check as a whole.
#include "authority.h"
#include "compatible.h"
#include "schema_words.h"

#include <algorithm>

namespace idlc {
namespace {

const Method* method_of(const Service& service, unsigned ordinal) {
    for (const Method& method : service.methods)
        if (method.ordinal == ordinal) return &method;
    return nullptr;
}
const Method* method_of(const Service& service, const std::string& name) {
    for (const Method& method : service.methods)
        if (method.name == name) return &method;
    return nullptr;
}

class ServiceComparison {
public:
    ServiceComparison(const Edition& released, const Edition& now, Diagnostics& diagnostics, TypeComparison& types)
        : released_(released), now_(now), diagnostics_(diagnostics), types_(types) {}

    void compare(const Service& before) {
        before_ = &before;
        after_ = now_.schema.find_service(before.name.full());
        if (!after_ || !after_->here) {
            diagnostics_.refuse(1, "service " + before.name.plain + " is gone",
                                "released clients call it; see " + released_place(before, ""));
            return;
        }
        compare_service();
        for (const Method& method : before.methods) compare_method(method);
    }

private:
    std::string released_place(const Service& service, const std::string& member) const {
        return released_.source.path() + ":" +
               std::to_string(released_.source.line_of(service.name.full(), member));
    }
    void refuse_service(const std::string& what, const std::string& hint) {
        diagnostics_.refuse(now_.source.line_of(after_->name.full()), after_->name.plain + " " + what, hint);
    }
    void refuse(const Method& method, const std::string& what, const std::string& hint) {
        diagnostics_.refuse(line_of(method), after_->name.plain + "." + method.name + " " + what, hint);
    }
    int line_of(const Method& method) const { return now_.source.line_of(after_->name.full(), method.name); }

    void compare_service() {
        const Service &before = *before_, &after = *after_;
        if (before.id != after.id)
            refuse_service("has id " + std::to_string(after.id) + "; it was released with " + std::to_string(before.id),
                           "the id is half of every message's label");
        if (before.restart == "reattach" && after.restart != "reattach")
            refuse_service("no longer reattaches sessions", "released clients do not expect StaleSession");
        if (!before.has_sessions() && after.has_sessions())
            refuse_service("has sessions, which it was released without", "released clients have none: StaleSession");
        bool bounded_now = before.inflight == 0 && after.inflight != 0;
        if (before.has_sessions() && (bounded_now || after.inflight < before.inflight) && after.inflight != 0)
            refuse_service("takes " + std::to_string(after.inflight) + " requests at once; it was released with " +
                               (before.inflight == 0 ? "no bound" : std::to_string(before.inflight)),
                           "released clients would get Busy");
        if (before.ring_entries != 0 && after.ring_entries != 0 && before.ring_entries != after.ring_entries)
            refuse_service("has a ring of " + std::to_string(after.ring_entries) + " entries; it was released with " +
                               std::to_string(before.ring_entries),
                           "released clients format theirs with that number: BadFormat");
        compare_kinds();
        if (after.version < before.version)
            refuse_service("has version " + std::to_string(after.version) + "; it was released with " +
                               std::to_string(before.version),
                           "released clients that ask for theirs would find an older one");
    }

    // A badge has the kind's number in it, and sessions outlive the server.
    void compare_kinds() {
        const std::vector<std::string>&before = before_->kinds, &after = after_->kinds;
        const bool stands = before.empty() ? after.empty()
                                           : before.size() <= after.size() && std::equal(before.begin(), before.end(), after.begin());
        if (!stands)
            refuse_service("has the kinds of session " + words(kinds_in_words(*after_)) + "; it was released with " + words(kinds_in_words(*before_)),
                           "the badges of released clients have the number of their kind: add new kinds at the end");
    }
    void compare_callers(const Method& before, const Method& after) {
        const unsigned lost = before.callers & ~after.callers;
        for (std::size_t i = 0; i < before_->kinds.size(); ++i)
            if (lost >> (i + 1) & 1)
                refuse(after, "is no longer for '" + before_->kinds[i] + "'", "released clients with such a session would get PermissionDenied");
    }
    static std::string words(const std::string& kinds) { return kinds.empty() ? "none" : "\"" + kinds + "\""; }

    // What a call can answer: its own enum, or its service's.
    void compare_errors(const Method& method, const Method& now) {
        const Enum* before = released_.schema.find_enum(before_->errors_of(method));
        const Enum* after = now_.schema.find_enum(after_->errors_of(now));
        if (before && after)
            types_.compare_errors(*before, *after, line_of(now));
        else if (before)
            refuse(now, "has no errors of its own any more",
                   "released clients may handle those of " + before->name.plain + "; keep (error:\"…\")");
    }

    void compare_method(const Method& before) {
        const Method* method = method_of(*after_, before.ordinal);
        const Method* moved = method_of(*after_, before.name);
        std::string where = "; see " + released_place(*before_, before.name);
        if (moved && moved->ordinal != before.ordinal)
            return refuse(*moved,
                          "has ordinal " + std::to_string(moved->ordinal) + "; it was released with " +
                              std::to_string(before.ordinal),
                          "an ordinal is given once and never again" + where);
        if (!method)
            return before.event_depth != 0
                       ? refuse_service("has no event " + before.name + " any more",
                                        "keep it with ordinal " + std::to_string(before.ordinal) +
                                            "; it need not be raised" + where)
                       : refuse_service("has no call " + before.name + " any more",
                                        "keep it with ordinal " + std::to_string(before.ordinal) +
                                            "; it may answer NotSupported" + where);
        if (!moved)
            return refuse(*method, "has the ordinal of " + before.name, "an ordinal is given once and never again" + where);
        if ((before.event_depth != 0) != (method->event_depth != 0))
            return refuse(*method,
                          std::string("was released as ") + (before.event_depth != 0 ? "an event and is a call" : "a call and is an event"),
                          "released clients " + std::string(before.event_depth != 0 ? "subscribe to it" : "call it") +
                              "; give it another ordinal");
        if (method->event_depth < before.event_depth)
            refuse(*method,
                   "keeps " + std::to_string(method->event_depth) + " events for a subscriber; it was released with " +
                       std::to_string(before.event_depth),
                   "released clients may fetch that late, and would miss some");
        if (method->attachments < before.attachments)
            refuse(*method,
                   "attaches " + std::to_string(method->attachments) + " times over; it was released with " +
                       std::to_string(before.attachments),
                   "released clients would get OutOfRange");
        compare_promises(before, *method);
        compare_callers(before, *method);
        compare_errors(before, *method);
        compare_messages(before, *method);
    }

    // What the call promises for deaths, and how it travels.
    void compare_promises(const Method& before, const Method& after) {
        if (before.carrier != after.carrier)
            refuse(after, "was released as " + schema_carrier(before.carrier) + " and is " + schema_carrier(after.carrier),
                   "a released client sends it the old way; make a new call");
        for (auto [word, was, is] : {std::tuple("idempotent", before.idempotent, after.idempotent),
                                     std::tuple("atomic", before.atomic, after.atomic)}) {
            // `once` is none of them: a released client repeats it without its number.
            bool still = after.idempotent || after.atomic;
            if (was && !is && !still)
                refuse(after, std::string("is no longer ") + word, "released clients repeat it after PeerDied");
        }
        if (before.once && !after.once)
            refuse(after, "is no longer once", "released clients that restart repeat it by its number");
        if (!before.once && after.once)
            diagnostics_.warn(line_of(after), after_->name.plain + "." + after.name + " is once, which is new",
                              "a new client repeats it; a released server does it twice");
        // Ring calls are done again by the server, whatever their stubs do besides.
        bool weaker = after.carrier == Carrier::Ring           ? false
                      : before.restart == Restart::Retry ? after.restart != Restart::Retry
                      : before.restart == Restart::Reopen
                          ? after.restart == Restart::Fail || after.restart == Restart::Unhandled
                          : false;
        if (weaker)
            refuse(after,
                   "says " + schema_restart(after.restart) + " after its server's death; it was released with " +
                       schema_restart(before.restart),
                   "callers that did not notice would now get PeerDied");
    }

    void compare_messages(const Method& before, const Method& after) {
        auto compare = [&](const std::string& was, const std::string& is, Direction direction) {
            const Table* released = released_.schema.find_table(was);
            const Table* table = now_.schema.find_table(is);
            if (released && table) types_.compare(*released, *table, direction, line_of(after));
        };
        compare(before.request, after.request, Direction::Request);
        compare(before.response, after.response, Direction::Response);
    }

    const Edition& released_;
    const Edition& now_;
    Diagnostics& diagnostics_;
    TypeComparison& types_;
    const Service* before_ = nullptr;
    const Service* after_ = nullptr;
};

bool is_session_of(const Schema& schema, const Table& table) {
    return std::any_of(schema.services.begin(), schema.services.end(),
                       [&](const Service& service) { return service.session_table == table.name.full(); });
}

}  // namespace

void check_compatible(const Edition& released, const Edition& now, Diagnostics& diagnostics) {
    TypeComparison types(released, now, diagnostics);
    ServiceComparison services(released, now, diagnostics, types);
    for (const Service& service : released.schema.services)
        if (service.here) services.compare(service);
    // Tables that this file only declares may be a request of another and a response of a third. Of sessions, clients
    // see nothing.
    for (const Table& before : released.schema.tables) {
        const Table* after = now.schema.find_table(before.name.full());
        if (!before.here || before.is_struct || types.has_seen(before, after) || is_session_of(released.schema, before)) continue;
        if (!after) {
            diagnostics.refuse(1, "table " + before.name.plain + " is gone",
                               "other schemas may use it; see " + released.source.path() + ":" +
                                   std::to_string(released.source.line_of(before.name.full())));
            continue;
        }
        for (Direction direction : {Direction::Request, Direction::Response})
            types.compare(before, *after, direction, now.source.line_of(after->name.full()));
    }
}

}  // namespace idlc
