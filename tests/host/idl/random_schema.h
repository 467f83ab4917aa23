// Schemas by chance: most are valid, some nearly. What flatc and idlc accept of them has to compile, and their defaults
// have to be what the schema says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace random_schema {

// A scalar field with a default.
struct Default {
    std::string table;  // full name: "eft.r7.Reading"
    std::string field;
    std::uint64_t bits;  // of the value, in the low bits
    unsigned size;       // bytes
    bool is_literal;     // a C++ constant expression can make the table
};

struct Schema {
    std::string name;  // of the file, without its ending; also the last part of the main namespace
    std::string text;
    std::vector<Default> defaults;
    bool has_floats = false;
};

// The same for the same seed.
Schema make(std::uint64_t seed);

}  // namespace random_schema
