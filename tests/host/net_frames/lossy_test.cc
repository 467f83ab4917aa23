// Connections over a wire that loses, delays, doubles, reorders and corrupts frames, between two machines that may die: every byte
// comes once and in order, both ends see the end, and neither counts a connection as lost.
#include "two_hosts.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u32 kLongest = 10'000;  // seconds of theirs

LossyWire::Counts converse(const TwoHosts::Plan& plan) {
    CAPTURE(plan.seed);
    CAPTURE(plan.ipv6);
    CAPTURE(plan.per_mille);
    CAPTURE(plan.turns_to_live);
    TwoHosts hosts(plan);
    CHECK(hosts.run(kLongest));
    CHECK(hosts.complaint() == "");
    CHECK((hosts.deaths() != 0) == (plan.turns_to_live != 0));
    return hosts.counts(0);
}

}  // namespace

TEST_CASE("two machines converse over a wire that does nothing wrong") {
    for (const bool ipv6 : {false, true}) converse({.ipv6 = ipv6});
}

TEST_CASE("over one that does wrong by 1, 5 and 20 % in each way") {
    for (const unsigned per_mille : {10u, 50u, 200u}) {
        for (unsigned seed = 1; seed <= 2; ++seed) {
            const LossyWire::Counts counts = converse({.seed = seed, .ipv6 = seed % 2 == 0, .per_mille = per_mille, .bytes = 20'000});
            if (per_mille >= 50) CHECK((counts.lost != 0 && counts.delayed != 0 && counts.doubled != 0 && counts.reordered != 0 && counts.corrupted != 0));
        }
    }
}

TEST_CASE("bytes that were sent before a close, and the end, come however long it takes") {
    for (const unsigned seed : {12u, 25u, 30u}) converse({.seed = seed, .ipv6 = seed % 2 == 0, .per_mille = 200, .bytes = 40'000});
}

TEST_CASE("the same with deaths on both sides") {
    for (const unsigned per_mille : {0u, 10u, 50u, 200u})
        for (unsigned seed = 1; seed <= 2; ++seed) converse({.seed = seed, .ipv6 = seed % 2 == 0, .per_mille = per_mille, .bytes = 20'000, .turns_to_live = 20});
}

TEST_CASE("the same, often" * doctest::skip()) {
    for (unsigned seed = 1; seed <= 100; ++seed)
        for (const unsigned per_mille : {10u, 50u, 200u})
            for (const u32 turns_to_live : {0u, 5u, 50u}) converse({.seed = seed, .ipv6 = seed % 2 == 0, .per_mille = per_mille, .bytes = 40'000, .turns_to_live = turns_to_live});
}
