// Whether what idlc makes of a schema has names that C++ allows, each once. A scope of the generated headers is a Scope here,
// with the names that are in it before the schema says anything, and everything that the schema brings into it. The names
// themselves are made by names.h.
#include "check.h"
#include "names.h"
#include "taken_names.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <span>

namespace idlc {
namespace {

// Who brings a name into a scope.
struct Owner {
    std::string subject;  // "Counter.Add", "table Amount"
    int line;
    bool here;  // in the compiled file; else only its neighbours are to blame
};

class Scope {
public:
    explicit Scope(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    void keep(std::initializer_list<const char*> names, const std::string& reason) {
        for (const char* name : names) kept_.emplace(name, reason);
    }
    void keep(std::span<const std::string_view> names, const std::string& reason) {
        for (std::string_view name : names) kept_.emplace(name, reason);
    }
    void keep(const std::string& name, const std::string& reason) { kept_.emplace(name, reason); }

    void add(const std::string& name, const Owner& owner) {
        if (owner.here) check(name, owner);
        const auto [other, is_new] = owners_.emplace(name, owner);
        if (is_new) return;
        const Owner& to_blame = owner.here ? owner : other->second;
        const Owner& first = owner.here ? other->second : owner;
        refuse(name, to_blame, "and so does " + first.subject, "rename one of the two");
    }

private:
    void check(const std::string& name, const Owner& owner) {
        const std::string another = "choose another name";
        const bool capital_behind = name.size() > 1 && name[0] == '_' && name[1] >= 'A' && name[1] <= 'Z';
        if (is_cpp_word(name)) return refuse(name, owner, "which is a word of C++", another);
        if (is_macro(name)) return refuse(name, owner, "which is a macro of the C or C++ library, or of Eft", another);
        if (name.find("__") != name.npos || capital_behind) return refuse(name, owner, "which C++ keeps for its compilers (two _ in a row, _ and a capital letter)", another);
        if (const auto kept = kept_.find(name); kept != kept_.end()) refuse(name, owner, kept->second, another);
    }
    void refuse(const std::string& name, const Owner& owner, const std::string& why, const std::string& hint) {
        if (owner.here) diagnostics_.refuse(owner.line, owner.subject + " becomes '" + name + "' in C++, " + why, hint);
    }

    Diagnostics& diagnostics_;
    std::map<std::string, std::string> kept_;
    std::map<std::string, Owner> owners_;
};

const std::string kOfGenerated = "which generated code uses for itself";
const std::string kOfLibos = "which libos has there";
const std::string kOfType = "which is a type there";

class NameChecker {
public:
    NameChecker(const Schema& schema, const Source& source, Diagnostics& diagnostics) : schema_(schema), source_(source), diagnostics_(diagnostics) {}

    void check() {
        // What others declare comes first: this file is to blame.
        for (bool here : {false, true}) declare_types(here);
        for (const Enum& type : schema_.enums)
            if (type.here && !is_builtin(type.name)) check_enum(type), check_type_name(owner(kind_of(type), type.name, true), type.name);
        for (const Table& table : schema_.tables)
            if (table.here && !is_builtin(table.name)) check_table(table), check_type_name(owner(kind_of(table), table.name, true), table.name);
        for (const Service& service : schema_.services)
            if (service.here) check_service(service), check_type_name(owner("service", service.name, true), service.name);
    }

private:
    static bool is_builtin(const Name& name) {
        return name.space == "eft" && (name.plain == "Cap" || name.plain == "Area" || name.plain == "Error");
    }
    Owner owner(const char* kind, const Name& name, bool here) const { return {std::string(kind) + " " + name.plain, source_.line_of(name.full()), here}; }
    static const char* kind_of(const Enum& type) { return type.is_union ? "union" : "enum"; }
    static const char* kind_of(const Table& table) { return table.is_struct ? "struct" : "table"; }
    Owner owner(const Name& name, const std::string& member) const {
        return {name.plain + "." + member, source_.line_of(name.full(), member), true};
    }

    // Namespaces.
    Scope& space(const std::string& name) {
        auto [found, is_new] = spaces_.try_emplace(name, diagnostics_);
        if (is_new) found->second.keep({"u8", "u16", "u32", "u64", "ipc", "ring", "eft", "std", "valid", "to_string", "to_error", "for_each_field"}, kOfGenerated);
        return found->second;
    }
    void declare(const std::string& in, const std::string& generated, const Owner& by) {
        space(in).add(generated, by);
        types_[in].push_back(generated);
        const std::string full = in + "." + generated;
        if (by.here && (is_declared(full) || is_namespace(full)))
            diagnostics_.refuse(by.line, by.subject + " becomes '" + generated + "' in C++, which libos has in this namespace", "choose another name, or a namespace of its own");
    }
    void declare_namespace(const Name& name, bool here) {
        std::string outer = "eft", rest = name.space.size() > 4 ? name.space.substr(4) : "";
        while (!rest.empty()) {
            const std::string part = rest.substr(0, rest.find('.'));
            rest = part.size() == rest.size() ? "" : rest.substr(part.size() + 1);
            const std::string full = outer + "." + part;
            if (const Owner by{"namespace " + name.space, source_.line_of(name.full()), here}; namespaces_.insert(full).second) {
                space(outer).add(part, by);
                if (here && is_declared(full)) diagnostics_.refuse(by.line, by.subject + " has '" + part + "', which libos has", "choose another namespace");
            }
            outer = full;
        }
    }

    void declare_types(bool here) {
        for (const Enum& type : schema_.enums) {
            if (type.here != here || is_builtin(type.name)) continue;
            declare_namespace(type.name, here);
            const Owner by = owner(kind_of(type), type.name, here);
            declare(type.name.space, type.name.plain, by);
            if (type.is_union) declare(type.name.space, reference_name(type.name.plain), by);
        }
        for (const Table& table : schema_.tables) {
            if (table.here != here || is_builtin(table.name)) continue;
            declare_namespace(table.name, here);
            const Owner by = owner(kind_of(table), table.name, here);
            declare(table.name.space, table.name.plain, by);
            if (table.is_flatbuffer) declare(table.name.space, view_name(table.name.plain), by);
        }
        for (const Service& service : schema_.services) {
            if (service.here != here) continue;
            declare_namespace(service.name, here);
            const auto& [space, plain] = service.name;
            const Owner by = owner("service", service.name, here);
            for (const char* end : {"", "Client", "Server", "Mock", "Local", "LocalClient"}) declare(space, plain + end, by);
            if (service.ring_entries != 0)
                for (const char* end : {"Ring", "RingServer"}) declare(space, plain + end, by);
            declare(space, "hostile_" + snake_case(plain), by);
            declare(space, "k" + plain + "Hostile", by);
            for (const Method& method : service.methods)
                if (method.event_depth != 0)
                    declare(space, event_table_name(method), {plain + "." + method.name, source_.line_of(service.name.full(), method.name), here});
        }
    }
    Scope scope_in(const Name& name) const {
        Scope scope(diagnostics_);
        scope.keep({"u8", "u16", "u32", "u64"}, kOfGenerated);
        if (const auto types = types_.find(name.space); types != types_.end())
            for (const std::string& type : types->second) scope.keep(type, kOfType);
        return scope;
    }

    // Types.
    void check_enum(const Enum& type) {
        Scope values(diagnostics_), cases(diagnostics_);
        cases.keep({"kind", "fits", "put"}, kOfGenerated);
        for (const EnumValue& value : type.values) {
            values.add(value.name, owner(type.name, value.name));
            if (type.is_union && value.value != 0) cases.add(case_name(value), owner(type.name, value.name));
        }
    }

    void check_table(const Table& table) {
        Scope scope = scope_in(table.name);
        if (!table.is_struct)
            scope.keep(message_members(), kOfGenerated);
        if (table.is_flatbuffer) scope.keep(view_members(), kOfLibos);
        for (const Field& field : table.fields) {
            const Owner by = owner(table.name, field.name);
            if (field.name.ends_with('_')) diagnostics_.refuse(by.line, by.subject + " ends in _, as names within generated code do", "choose another name");
            scope.add(field.name, by);
            if (field.max != 0) scope.add(max_name(field), by);
            if (field.max_each != 0) scope.add(each_name(field), by);
            if (field.type.shape == Shape::Union) check_union_field(scope, table, field);
        }
    }
    // In generated code it stands beside that code's own names.
    void check_type_name(const Owner& by, const Name& name) {
        const std::string_view own[] = {name.plain};
        if (is_generated(name.plain)) check_own_name(by, name, own);
    }
    // A class cannot have the name of one of its members.
    void check_own_name(const Owner& by, const Name& name, std::span<const std::string_view> members) {
        Scope scope(diagnostics_);
        scope.keep(members, kOfGenerated);
        scope.add(name.plain, by);
    }
    void check_union_field(Scope& scope, const Table& table, const Field& field) {
        const Owner by = owner(table.name, field.name);
        scope.add(field.name + "_kind", by);
        if (const Enum* cases = schema_.find_enum(field.type.named))
            for (const EnumValue& value : cases->values)
                if (value.value != 0) scope.add(field.name + "_" + case_name(value), by);
    }

    // Services.
    void check_service(const Service& service) {
        check_own_name(owner("service", service.name, true), service.name, service_words());
        check_members(service);
        check_client(service);
        check_ring(service);
        check_server(service);
        check_mock(service);
        check_record(service);
        Scope kinds(diagnostics_);
        for (const std::string& kind : service.kinds) kinds.add(camel_case(kind), {service.name.plain + "'s kind " + kind, source_.line_of(service.name.full()), true});
    }
    // Calls that clients make as a message or through the ring; of an event both.
    template <class Use>
    void for_each_call(const Service& service, Use use) const {
        for (const Method& method : service.methods) {
            const Owner by = owner(service.name, method.name);
            if (method.event_depth == 0) {
                use(method, method.name, by);
            } else {
                use(method, next_name(method), by);
                use(method, subscribe_name(method), by);
            }
        }
    }

    void check_members(const Service& service) {
        Scope scope = scope_in(service.name);
        scope.keep(service_words(), kOfGenerated);
        for_each_call(service, [&](const Method&, const std::string& name, const Owner& by) { scope.add(name + "Method", by); });
        for (const Method& method : service.methods)
            if (method.event_depth != 0) scope.add(method.name, owner(service.name, method.name));
    }
    void check_client(const Service& service) {
        Scope scope = scope_in(service.name);
        scope.keep(client_members(), kOfLibos);
        scope.keep({"describe_interface", "request", "Base", "Service", "Transport"}, kOfGenerated);
        for_each_call(service, [&](const Method& method, const std::string& name, const Owner& by) {
            if (method.carrier != Carrier::Ring) scope.add(snake_case(name), by);
        });
    }
    void check_ring(const Service& service) {
        Scope scope = scope_in(service.name);
        scope.keep(ring_members(), kOfLibos);
        scope.keep({"request", "session", "Base", "Call", "Transport"}, kOfGenerated);
        for (const Method& method : service.methods) {
            if (method.carrier != Carrier::Ring) continue;
            scope.add(function_name(method), owner(service.name, method.name));
            scope.add("submit_" + function_name(method), owner(service.name, method.name));
        }
    }
    // Handlers stand beside what libos has in the class that a server derives from, or looks for in it.
    void check_server(const Service& service) {
        Scope scope(diagnostics_);
        scope.keep({"session", "open_session"}, kOfLibos);
        if (service.has_session_record()) scope.keep(server_members(), kOfLibos);
        for (const Method& method : service.methods)
            if (method.event_depth == 0 && method.attachments == 0) scope.add(function_name(method), owner(service.name, method.name));
    }
    void check_mock(const Service& service) {
        Scope scope = scope_in(service.name);
        scope.keep(mock_members(), "which mocks have already");
        scope.keep({"answer", "request", "Methods"}, kOfGenerated);
        for (const Method& method : service.methods) {
            if (method.event_depth != 0) continue;
            const Owner by = owner(service.name, method.name);
            for (const char* begin : {"", "expect_", "on_"}) scope.add(begin + function_name(method), by);
        }
    }
    // What the session keeps.
    void check_record(const Service& service) {
        Scope record(diagnostics_), attachment(diagnostics_);
        record.keep({"state", "last_reply", "attachments", "broken"}, kOfGenerated);
        for (const Method& method : service.methods)
            if (method.event_depth != 0) record.add(function_name(method), owner(service.name, method.name));
        attachment.keep({"kCount", "kSlots", "kHasRing", "kHasArea", "kHasWake", "kAreaMax"}, kOfGenerated);
        const Method* attaching = service.attaching();
        const Table* request = attaching ? schema_.find_table(attaching->request) : nullptr;
        if (!request) return;
        for (const Field& field : request->fields)
            if (field.type.shape == Shape::Cap) attachment.add(slot_name(field), {service.name.plain + "." + attaching->name + "'s " + field.name, source_.line_of(service.name.full(), attaching->name), true});
    }

    const Schema& schema_;
    const Source& source_;
    Diagnostics& diagnostics_;
    std::map<std::string, Scope> spaces_;                      // by namespace
    std::map<std::string, std::vector<std::string>> types_;    // the same
    std::set<std::string> namespaces_;
};

}  // namespace

void check_names(const Schema& schema, const Source& source, Diagnostics& diagnostics) { NameChecker(schema, source, diagnostics).check(); }

}  // namespace idlc
