// Hostile frames (some thousands in the usual run, a million in the long one) into lwIP with our hooks, under ASan: connections
// beside them go on, byte for byte, and when it is quiet again the memory is what it was.
#include "battle.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace eft;
using namespace eft::test;

namespace {

struct Hardship {
    u32 fails_one_in = 0;  // of lwIP's allocations; 0: none
    u32 turns_to_live = ~u32{0};
};

void fight(unsigned seed, u32 frames, Hardship hardship = {}) {
    CAPTURE(seed);
    constexpr u32 kAtOnce = 8;
    constexpr u64 kMost = 8 << 20;  // bytes of the heap
    Battle battle(seed);
    REQUIRE(battle.goes_on(10'000));
    battle.be_quiet();
    const u64 memory = LwipMemory::bytes();
    const u32 records = battle.records();
    u64 most = 0;
    for (u32 turn = 1; turn <= frames / kAtOnce; ++turn) {
        LwipMemory::fails_one_in = hardship.fails_one_in;
        battle.turn(kAtOnce);
        LwipMemory::fails_one_in = 0;
        if (turn % hardship.turns_to_live == 0) battle.die();
        most = std::max(most, LwipMemory::bytes());
    }
    CHECK(most < kMost);
    CHECK(battle.lost() == 0);
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

TEST_CASE("connections with neighbours over IPv4 and link-local addresses go on after a death, on whichever interface") {
    for (const u32 interfaces : {1u, 2u}) {
        Battle battle(1, interfaces);
        for (int i = 0; i < 20; ++i) {
            battle.die();
            REQUIRE(battle.goes_on(2000));
        }
        CHECK(battle.complaint() == "");
        CHECK(battle.lost() == 0);
    }
}

TEST_CASE("nobody but the first router on the way to a destination redirects it, and nobody what is on the link") {
    Battle battle(1);
    const Octets nobody = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x77};
    Path from_stranger = Host::path(true);
    from_stranger.from[15] = 0x78;
    for (const Path& each : {from_stranger, Host::path(true)}) {
        battle.turn_with({redirect_frame(each, Host::kPeer6, nobody)});
        CHECK(battle.goes_on(2000));
    }
}

TEST_CASE("an option of a neighbour's message that has no length, or is not whole, is not read") {
    Battle battle(1, 1);
    constexpr u8 kRouterSolicitation = 133, kRedirect = 137;
    for (u8 type = kRouterSolicitation; type <= kRedirect; ++type) {
        CAPTURE(type);
        std::vector<u8> bytes(type == 133 ? 0 : type == 134 ? 8 : type == 137 ? 32 : 16);
        if (type == 135 || type == 136) std::ranges::copy(Host::kAddress6, bytes.begin());
        for (const std::vector<u8>& option : {std::vector<u8>{1, 0}, {1}, {1, 1, 2, 3}, {1, 255}}) {
            std::vector<u8> message = bytes;
            message.insert(message.end(), option.begin(), option.end());
            Path stranger = Host::path(true);
            stranger.from[15] = 0x79;
            battle.turn_with({icmp_frame(stranger, type, 0, 0, message)});
        }
    }
    CHECK(battle.goes_on(2000));
    CHECK(battle.complaint() == "");
}

TEST_CASE("a path is never narrower than IPv6's least, and never wider than the link") {
    Battle battle(1, 1);
    REQUIRE(battle.sends_whole(1400));
    for (const u32 mtu : {0u, 1u, 39u, 40u, 47u, 48u, 56u, 1279u, 9000u, 70'000u}) {
        CAPTURE(mtu);
        battle.turn_with({too_big_frame(Host::path(true), mtu)});
        CHECK(battle.sends_whole(1400));
    }
    battle.turn_with({too_big_frame(Host::path(true), 1280)});
    CHECK_FALSE(battle.sends_whole(1400));
    CHECK(battle.sends_whole(1280 - 48));
    battle.turn_with({too_big_frame(Host::path(true), 1500)});  // from before
    CHECK_FALSE(battle.sends_whole(1400));
}

TEST_CASE("hostile frames of every protocol: connections go on, and memory is what it was") {
    for (unsigned seed = 1; seed <= 2; ++seed) fight(seed, 20'000);
}

TEST_CASE("hostile frames of every protocol while memory runs out and the server dies") {
    for (unsigned seed = 1; seed <= 2; ++seed) fight(seed, 10'000, {.fails_one_in = 20, .turns_to_live = 100});
}

TEST_CASE("hostile frames of every protocol, a million" * doctest::skip()) {
    for (unsigned seed = 100; seed < 110; ++seed) fight(seed, 50'000);
    for (unsigned seed = 110; seed < 120; ++seed) fight(seed, 50'000, {.fails_one_in = 5 + seed % 30, .turns_to_live = 20 + seed % 200});
}
