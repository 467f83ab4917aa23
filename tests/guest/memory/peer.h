// What the stage and its two peers agree on. The peers' tables grew: what they use lies in donated pages.
#pragma once

#include <eft/abi/types.h>

namespace eft::memory_test {

constexpr unsigned kOwnBits = 8, kLimitBits = 9;
constexpr u32 kPages = 4;
constexpr Slot kToServer{300}, kFromClients{511};
constexpr u64 kBadge = 77;
constexpr unsigned kRounds = 300, kLongest = 12;  // calls, and words of a message

// Word i of a message, and of its answer.
constexpr u64 word_of(u64 round, unsigned i) { return (round << 8 | i) * 0x9e37'79b9'7f4a'7c15; }

}  // namespace eft::memory_test
