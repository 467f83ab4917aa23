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
    u8 bytes;
    HostileKind kind;
    u16 bound;  // of a View, in elements
};

struct HostileMethod {
    u32 label;
    u16 flat_words;
    bool has_tail;
    u8 caps;
    u8 required_caps;
    std::span<const HostileField> fields;
};

struct HostileService {
    std::string_view name;
    u16 id;
    std::span<const HostileMethod> methods;
};

}  // namespace eft::ipc
