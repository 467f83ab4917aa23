// Functions and source lines of addresses in Eft's programs, by binutils' addr2line and the build's files with symbols.
#pragma once

#include <eft/abi/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace eft::crash {

class Symbols {
public:
    // The folder has a file of each program's name.
    explicit Symbols(std::string folder) : folder_(std::move(folder)) {}

    // For each address the lines "FUNCTION at FILE:LINE", the innermost of inlined functions first; none, if the program's file
    // does not know it. Empty: there is no such file.
    std::vector<std::vector<std::string>> find(std::string_view program, const std::vector<u64>& addresses) const;
    // The file's contents; empty: there is none.
    std::string file_of(std::string_view program) const;
    // When it was made, in seconds since 1970; 0: there is none.
    long long made_at(std::string_view program) const;

private:
    std::string path_of(std::string_view program) const;

    std::string folder_;
};

}  // namespace eft::crash
