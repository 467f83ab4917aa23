// What a hostile client has to know of an interface to send what is nearly right: tables that idlc writes, one per service,
// in <eft/idl/hostile/NAME.h>.
#pragma once

#include <eft/abi/types.h>

#include <span>
#include <string_view>

namespace eft::ipc {

// What can be wrong with a field.
enum class HostileKind : u8 {
    Number,  // nothing: its bounds are the handler's matter
    Bool,    // 2 and more
    Enum,    // a value that is none
    View,    // a string or vector: offset, length, both
    Area,    // behind the end
};

struct HostileField {
    u16 offset;  // in the flat words, bytes
    u16 bytes;
    HostileKind kind;
    u16 bound;  // of a View, in elements
};

// Encoding 3: what a field of a table is, or refers to.
enum class HostileShape : u8 { Scalar, String, Vector, Strings, Table, Tables, Union };

struct HostileMember {
    u16 id;
    HostileShape shape;
    u8 align;    // of a Scalar, or of an element of a Vector
    u16 bytes;   // the same
    u16 bound;   // of a String, Vector, Strings, Tables: elements
    u16 table;   // Table, Tables; of a Union that of the first case: among the service's tables
    u16 cases;   // of a Union
};
using HostileTable = std::span<const HostileMember>;

struct HostileMethod {
    u32 label;
    u16 flat_words;
    bool has_tail;
    u8 caps;
    u8 required_caps;
    std::span<const HostileField> fields;
    // Encoding 3: the request is one of the service's tables, counted from 1.
    u16 root = 0;
    // Kinds of session that may call: bit N for number N (session_kind.h). 0: the service has no kinds.
    u16 callers = 0;
};

struct HostileService {
    std::string_view name;
    u16 id;
    std::span<const HostileMethod> methods;
    std::span<const HostileTable> tables = {};  // of encoding 3, in its requests
};

}  // namespace eft::ipc
