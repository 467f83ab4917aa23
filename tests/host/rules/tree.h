// The source tree as it lies on the disk.
#pragma once

#include "rules.h"

#include <string>

namespace eft::rules {

// All files below `top`, without build folders and what begins with a dot.
Tree read_tree(const std::string& top);

}  // namespace eft::rules
