// What kills the test service fragile: part of its bugs, not of its interface.
#pragma once

#include <eft/abi/types.h>

#include <string_view>

namespace eft {

constexpr std::string_view kDeadlyText = "die";
constexpr u64 kDeadlyWord = 0xdead;

}  // namespace eft
