// Declarations in the schema's own words, for people: what messages and the reference pages call a type.
#pragma once

#include "model.h"

#include <string>

namespace idlc {

// As a schema in namespace `space` would write it: "ulong", "[Tile]", "[ushort:3]", "string", "eft.Error".
std::string schema_type(const Type& type, const std::string& space);

// The digits of a value of an integer type, which the model has as 64 signed bits.
std::string schema_number(const Type& type, std::int64_t value);

// As a schema would write it behind the '=': "7", "true", "Green", "null". Empty for types that have none.
std::string schema_default(const Schema& schema, const Field& field);

// "call", "oneway", "oneway:\"lossy\"", "ring".
std::string schema_carrier(Carrier carrier);

// "retry", "reopen", "fail"; "nothing" where the caller has to decide.
std::string schema_restart(Restart restart);

}  // namespace idlc
