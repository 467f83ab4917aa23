// What names says of the sessions that clients have with a service under test.
#pragma once

#include <eft/abi/types.h>

#include <deque>
#include <utility>
#include <vector>

namespace eft::test {

// There is one at a time, which closed_sessions() and open_sessions() ask (mortal_world.cc).
struct FakeNames {
    std::deque<u64> ended;
    std::vector<u64> open_badges;
    bool open_fails = false;
    bool incomplete = false;

    FakeNames() { current = this; }
    explicit FakeNames(std::deque<u64> closed) : ended(std::move(closed)) { current = this; }
    ~FakeNames() { current = nullptr; }
    FakeNames(const FakeNames&) = delete;
    static inline FakeNames* current = nullptr;
};

}  // namespace eft::test
