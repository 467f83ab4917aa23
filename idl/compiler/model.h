// An interface as idlc understands it: plain data, filled by load_schema() from reflection, checked by check(),
// completed by lay_out(), and read by the emitters.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace idlc {

using Comments = std::vector<std::string>;

// A dotted name: namespace "eft.block", name "Read".
struct Name {
    std::string space;
    std::string plain;
    std::string full() const { return space.empty() ? plain : space + "." + plain; }
};

enum class Shape { Bool, Integer, Enum, Struct, String, Vector, Array, Cap, Area, Float, Table, Union };

struct Type {
    Shape shape = Shape::Integer;
    unsigned size = 0;  // of a scalar, struct, or array: bytes
    bool is_signed = false;
    std::string named;          // Enum, Struct, Table: full name
    std::vector<Type> element;  // Vector, Array: exactly one
    unsigned length = 0;        // Array
};

// Of vectors and arrays, what they have in the end.
inline const Type& innermost(const Type& type) { return type.element.empty() ? type : innermost(type.element[0]); }

constexpr unsigned kAllRights = 0xff;  // of a capability

struct EnumValue {
    std::string name;
    std::int64_t value;
    Comments comments;
    std::string table;  // of a union: the table that this case holds, full name; empty for NONE
};

struct Enum {
    Name name;
    Comments comments;
    bool here = false;  // declared in the file that is compiled, not in an included one
    Type underlying;
    bool bit_flags = false;
    bool is_union = false;
    std::vector<EnumValue> values;
};

struct Struct;

struct Field {
    std::string name;
    Comments comments;
    std::map<std::string, std::string> attributes;
    unsigned id = 0;
    Type type;
    std::int64_t absent = 0;  // its default, of a Float: absent_real
    double absent_real = 0;
    bool deprecated = false;
    bool optional = false;  // a scalar that may be absent
    bool required = false;
    unsigned struct_offset = 0;

    unsigned max = 0;              // String, Vector
    unsigned max_each = 0;         // Vector of strings: of each
    std::string cap_kind;          // Cap: "memory", or "endpoint"
    std::string cap_service;       // Cap of endpoint:Service: full name
    unsigned rights = kAllRights;  // Cap: what the receiver may do with it at most
    unsigned max_bytes = 0;        // Cap to memory: how much of it a session keeps at most
    unsigned offset = 0;           // in the flat words, bytes
    unsigned presence_bit = 0;     // of an optional scalar: in the flat words, bits
    unsigned cap_index = 0;
};

// A table, which is a message; or a struct, which is a value in one.
struct Table {
    Name name;
    Comments comments;
    bool here = false;
    std::string file;  // that declares it, from the folder of the compiled one
    bool defaults_known = true;  // false: reflection may have lost some (defaults.h)
    bool is_struct = false;
    bool is_flatbuffer = false;  // encoding 3
    unsigned size = 0;           // struct: bytes
    unsigned align = 0;          // struct
    std::map<std::string, std::string> attributes;
    std::vector<Field> fields;  // by id
    const Field* find_field(const std::string& called) const {
        for (const Field& field : fields)
            if (field.name == called) return &field;
        return nullptr;
    }

    unsigned flat_words = 0;
    unsigned tail_words = 0;  // at most; not 0 in encoding 2
    unsigned caps = 0;
    unsigned required_caps = 0;  // the optional ones are the last
    bool has_area = false;
    bool narrows = false;  // a capability in it loses rights on the way
    bool has_tail() const { return tail_words != 0; }
    // Served and called inline (kShort of <eft/ipc/serve.h>).
    bool is_short() const { return flat_words <= 4 && tail_words <= 16 && caps == 0 && !has_area; }
    // All words, with the gap before the tail that keeps it out of the registers.
    unsigned max_words() const { return has_tail() ? (flat_words > 4 ? flat_words : 4) + tail_words : flat_words; }
};

enum class Carrier { Call, Oneway, OnewayLossy, Ring };
enum class Restart { Unhandled, Fail, Retry, Reopen };
// The session answers the two calls that an event becomes (events.h), and no handler; it keeps what Attach carries.
enum class Role { Call, NextEvent, Subscribe, Attach };

struct Method {
    std::string name;
    Comments comments;
    std::map<std::string, std::string> attributes;
    std::string request;  // full names
    std::string response;

    unsigned ordinal = 0;
    Carrier carrier = Carrier::Call;
    Restart restart = Restart::Unhandled;
    bool idempotent = false, atomic = false, once = false;
    unsigned callers = 0;  // bit N: the kind of session with the number N may call it; 0: nothing is said
    std::uint64_t within_ns = 0;
    std::vector<std::string> suspects;  // names of errors; or "all"
    std::string error_enum;  // full name; empty: the service's

    std::string opens;   // the field of the request that numbers what it opens; empty: it opens nothing
    unsigned kept = 0;   // of those
    std::string same;    // the field of the response that tells whether it is the same; or empty
    std::string opener;  // the call that opened what this one names, or closes
    bool closes = false;

    Role role = Role::Call;
    unsigned event_depth = 0;  // of the queue; 0: it is no event
    unsigned event_index = 0;  // among the service's
    std::string event;         // as declared

    unsigned attachments = 0;  // of one session, by this call; 0: it attaches nothing
};

struct Service {
    Name name;
    Comments comments;
    bool here = false;
    std::map<std::string, std::string> attributes;
    std::vector<Method> methods;

    unsigned id = 0;
    unsigned version = 1;
    unsigned inflight = 0;
    std::string restart;        // "", "reattach", "reset"
    std::string session_table;  // full name
    std::vector<std::string> kinds;  // of session, numbered from 1; empty: there are no kinds
    std::string error_enum;
    unsigned ring_entries = 0;
    // The errors of a call beside the common ones; empty if there are none.
    const std::string& errors_of(const Method& method) const {
        return method.error_enum.empty() ? error_enum : method.error_enum;
    }
    bool has_opens() const {
        for (const Method& method : methods)
            if (!method.opens.empty()) return true;
        return false;
    }
    const Method* find_method(const std::string& called) const {
        for (const Method& method : methods)
            if (method.name == called) return &method;
        return nullptr;
    }
    const Method* attaching() const {
        for (const Method& method : methods)
            if (method.attachments != 0) return &method;
        return nullptr;
    }
    unsigned events = 0;
    // Its sessions are generated (eft/state/stateful_server.h).
    bool has_session_record() const { return !session_table.empty() || events != 0 || attaching(); }
    bool has_sessions() const { return inflight != 0 || !restart.empty() || has_session_record(); }
};

struct Schema {
    std::vector<Enum> enums;
    std::vector<Table> tables;  // structs among them, each behind the structs that it contains
    std::vector<Service> services;

    const Enum* find_enum(const std::string& full) const {
        for (auto& each : enums)
            if (each.name.full() == full) return &each;
        return nullptr;
    }
    const Table* find_table(const std::string& full) const {
        for (auto& each : tables)
            if (each.name.full() == full) return &each;
        return nullptr;
    }
    const Service* find_service(const std::string& full) const {
        for (auto& each : services)
            if (each.name.full() == full) return &each;
        return nullptr;
    }
};

constexpr unsigned kMaxMessageWords = 448;  // the message page
constexpr unsigned kMaxMessageCaps = 4;
constexpr unsigned kMaxRingWords = 12;  // flat words in a ring entry of 128 bytes
constexpr unsigned kMaxSessionKinds = 15;
constexpr unsigned kMaxVersion = 0xffff'ffff;

}  // namespace idlc
