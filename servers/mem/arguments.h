// What root tells mem: "untyped=FIRST,COUNT archive=ADDRESS,BYTES logs=FIRST,PAGES_OF_EACH", numbers in hexadecimal.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <string_view>

namespace eft::memory {

struct Pair {
    u64 first;
    u64 second;
};

// The two numbers behind `key` ("untyped="), which stands at the beginning or behind a space. NotFound: it does not.
// BadFormat: something else than two numbers of at most 64 bits follows.
Result<Pair> parse_pair(std::string_view arguments, std::string_view key);

}  // namespace eft::memory
