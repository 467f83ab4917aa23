// How the rows of the table are written.
#pragma once

#include "attack.h"

namespace eft::hostile {

using enum Error;
using enum Invocation;
using enum Kind;

constexpr u64 S(Toy toy) { return slot_of(toy); }

// An invocation of `on` with these words.
constexpr Case invoke(Invocation operation, Kind kind, std::string_view name, Toy on, Error expected, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0) {
    return {name, kind, SystemCall::Call, operation, 0, slot_of(on), Tag(static_cast<u32>(operation), kRegisterWords).value, {a, b, c, d}, answers(expected)};
}
// The same on a fixed slot of the attacker's, such as its own thread or table.
constexpr Case invoke_own(Invocation operation, Kind kind, std::string_view name, u64 slot, Error expected, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0) {
    return {name, kind, SystemCall::Call, operation, 0, slot, Tag(static_cast<u32>(operation), kRegisterWords).value, {a, b, c, d}, answers(expected)};
}
// A system call; `number` may carry more than the call.
constexpr Case enter(SystemCall call, Kind kind, std::string_view name, Error expected, u64 slot, u64 tag = 0, u64 flags = 0, void (*prepare)() = nullptr) {
    return {name, kind, call, Invocation{}, static_cast<u64>(call) | flags, slot, tag, {kAllOnes, kKernelAddress, kNonCanonical, 1}, answers(expected), nullptr, prepare};
}
// Something else than a system call.
constexpr Case act(Kind kind, std::string_view name, Outcome expected, Error (*what)(), SystemCall call = SystemCall::Yield) {
    return {name, kind, call, Invocation{}, static_cast<u64>(call), 0, 0, {}, expected, what, nullptr, true};
}

constexpr u64 kOwnTable = 1, kOwnThread = 2;
constexpr u64 kHuge = u64{1} << 32;  // a slot number that 32 bits would make 0

}  // namespace eft::hostile
