// Seeded random system calls, with all invariants checked after each. A failure names the seed: repeat it with that
// seed alone.
#include "random_calls.h"

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::kernel::test;

TEST_CASE("random system calls of several threads break no invariant") {
    constexpr u64 kSteps = 12'000;
    constexpr u64 kStepsOfOne = 500;
    RandomCalls::Statistics total;
    u32 seed = 0;
    while (total.entries < kSteps) {
        ++seed;
        CAPTURE(seed);
        std::mt19937 generator(seed);
        RandomCalls calls([&generator](u32 bound) { return static_cast<u32>(generator() % bound); });
        bool more = true;
        for (u64 i = 0; more && i < kStepsOfOne; ++i) {
            CAPTURE(i);
            REQUIRE_NOTHROW(more = calls.step());
        }
        total.entries += calls.statistics().entries;
        total.successes += calls.statistics().successes;
        total.blocked += calls.statistics().blocked;
    }
    MESSAGE(seed << " machines, " << total.entries << " entries, " << total.successes << " successes, " << total.blocked
                 << " switches");
    // The test would be worthless if most calls failed at the first check, or if all threads died at once.
    CHECK(seed < kSteps / 100);
    CHECK(total.successes > total.entries / 10);
    CHECK(total.blocked > total.entries / 50);
}
