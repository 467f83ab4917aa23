// How commands about files say that a path is wrong.
#pragma once

#include "monitor/shell.h"

namespace eft::monitor {

// Prints "NAME: PATH: error (what it was about)" and answers 1.
Task<int> fail_path(Shell& shell, const Arguments& given, const std::string& path, Error error);

}  // namespace eft::monitor
