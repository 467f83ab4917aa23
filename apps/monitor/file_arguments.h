// What commands about files were given, and how they say that a path is wrong.
#pragma once

#include "monitor/shell.h"

namespace eft::monitor {

// Letters of options, and paths. An option that is not known is an error; "--" ends them.
struct Arguments {
    std::string options;
    std::vector<std::string> paths;
    std::string unknown;  // "-x"
    bool has(char option) const { return options.find(option) != std::string::npos; }
};
// `known` are the letters that the command has; `fallback` is its path if none is given.
Arguments arguments_of(const Words& words, std::string_view known, const char* fallback = nullptr);

// 0: the command may begin. Else it has been said what is wrong.
Task<int> check_paths(Shell& shell, const Words& words, const Arguments& given);

// Prints "NAME: PATH: error (what it was about)" and answers 1.
Task<int> fail_path(Shell& shell, const Words& words, const std::string& path, Error error);

}  // namespace eft::monitor
