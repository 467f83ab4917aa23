// The page about the kernel's interface (docs/kernel-abi.md) against the headers that define it: each enumerator that a
// program may meet stands there, with its number where people need it.
#pragma once

#include "rules.h"

#include <map>

namespace eft::rules {

// The enumerators of `enum class name` in a header, with their values; empty if it has no such enumeration. Values are
// numbers, or one more than the one before.
std::map<std::string, unsigned long> enumerators(const std::string& header, const std::string& name);

// `header` is what kernel/include/eft/abi/{syscall,object,error}.h contain together.
Complaints check_abi_page(const std::string& header, const std::string& page);

}  // namespace eft::rules
