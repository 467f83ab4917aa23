// Names in the generated C++.
#pragma once

#include "model.h"

#include <string>
#include <string_view>

namespace idlc {

// GetStatus -> get_status, ReadAHead -> read_a_head, Ping4 -> ping4
std::string snake_case(std::string_view name);
// max_name -> MaxName
std::string camel_case(std::string_view name);
// idl/dev.fbs -> dev
std::string file_stem(const std::string& path);
// eft.block -> eft::block
std::string colons(std::string_view dotted);
// A declaration as it is written inside `space`: as short as it can be. In full where generated classes have something of
// its name.
std::string cpp_name(const std::string& full, const std::string& space);

// What a call is called in clients and servers.
inline std::string function_name(const Method& method) { return snake_case(method.name); }
// Constants of a message: how many elements of a field there are at most, and how long each is.
inline std::string max_name(const Field& field) { return "k" + camel_case(field.name) + "Max"; }
inline std::string each_name(const Field& field) { return "k" + camel_case(field.name) + "Each"; }
// The slot of a capability in what a session keeps: client_log -> kClientLog.
inline std::string slot_name(const Field& field) { return "k" + camel_case(field.name); }
// What a receiver gets of a table in encoding 3, and what a sender puts for a union.
inline std::string view_name(const std::string& table) { return table + "View"; }
inline std::string reference_name(const std::string& type) { return type + "Ref"; }
// The functions that say whether a union, or the field of one, is this case.
inline std::string case_name(const EnumValue& value) { return "as_" + snake_case(value.name); }
// What an event becomes: a table and two calls.
inline std::string event_table_name(const Method& event) { return event.name + "Event"; }
inline std::string next_name(const Method& event) { return "Next" + event.name; }
inline std::string subscribe_name(const Method& event) { return "Subscribe" + event.name; }

}  // namespace idlc
