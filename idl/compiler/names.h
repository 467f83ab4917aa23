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
// eft.block -> eft::block
std::string colons(std::string_view dotted);
// A declaration as it is written inside `space`: as short as it can be.
std::string cpp_name(const std::string& full, const std::string& space);
bool is_cpp_keyword(std::string_view name);

}  // namespace idlc
