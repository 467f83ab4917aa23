// Hostile frames (some thousands in the usual run, a million in the long one) into lwIP with our hooks, under ASan: connections
// beside them go on, byte for byte, and when it is quiet again the memory is what it was.
#include "battle.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace eft;
using namespace eft::test;

namespace {

void fight(unsigned seed, u32 frames) {
    CAPTURE(seed);
    constexpr u32 kAtOnce = 8;
    constexpr u64 kMost = 8 << 20;  // bytes of the heap
    Battle battle(seed);
    REQUIRE(battle.goes_on(10'000));
    battle.be_quiet();
    const u64 memory = LwipMemory::bytes();
    const u32 records = battle.records();
    u64 most = 0;
    for (u32 sent = 0; sent < frames; sent += kAtOnce) {
        battle.turn(kAtOnce);
        most = std::max(most, LwipMemory::bytes());
    }
    CHECK(most < kMost);
    CHECK(battle.goes_on(10'000));
    CHECK(battle.complaint() == "");
    battle.be_quiet();
    CHECK(battle.complaint() == "");
    CHECK(LwipMemory::bytes() <= memory + 64 * 1024);  // what the spared connections have under way
    CHECK(battle.records() == records);
}

// A segment of the first peer's, as somebody would send it who knows its address and ports. `change` makes it untrue.
void forge(Battle& battle, void (*change)(Segment& segment)) {
    Segment segment = battle.peer(0).segment(kAck, {});
    segment.window = 0;
    change(segment);
    battle.turn_with({tcp_frame(Host::path(false), segment)});
}

constexpr u32 kFar = 0x1000'0000;

}  // namespace

TEST_CASE("a segment that lies outside of the window says nothing about the peer's window") {
    Battle battle(1);
    for (int i = 0; i < 20; ++i) {
        forge(battle, [](Segment& segment) { segment.sequence += kFar, segment.acknowledgement += kFar; });
        forge(battle, [](Segment& segment) { segment.sequence += kFar, segment.bytes = {1, 2, 3}; });
        forge(battle, [](Segment& segment) { segment.sequence += kFar, segment.options = {2, 4, 0, 1}; });  // an MSS of 1
        CHECK(battle.goes_on(2000));
    }
    CHECK(battle.complaint() == "");
}

TEST_CASE("nor does one that acknowledges what was never sent, or nothing") {
    Battle battle(1);
    for (int i = 0; i < 20; ++i) {
        forge(battle, [](Segment& segment) { ++segment.sequence, segment.acknowledgement += kFar; });
        forge(battle, [](Segment& segment) { ++segment.sequence, segment.acknowledgement -= kFar; });
        forge(battle, [](Segment& segment) { segment.flags = 0, segment.bytes = {1, 2, 3}; });
        CHECK(battle.goes_on(2000));
    }
    CHECK(battle.complaint() == "");
}

TEST_CASE("hostile frames of every protocol: connections go on, and memory is what it was") {
    for (unsigned seed = 1; seed <= 2; ++seed) fight(seed, 20'000);
}

TEST_CASE("hostile frames of every protocol, a million" * doctest::skip()) {
    for (unsigned seed = 100; seed < 110; ++seed) fight(seed, 100'000);
}
