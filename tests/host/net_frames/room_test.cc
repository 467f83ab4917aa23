// Peers that make the server keep as much as they can: it is bounded, and others are served.
#include "caller.h"

#include <doctest/doctest.h>

#include <deque>

using namespace eft;
using namespace eft::test;
using socket::Condition;
using socket::Kind;

namespace {

constexpr u32 kSocket = 1;

struct Scene {
    Host host{1, 1};
    std::deque<Caller> callers;
    u16 next_port = 10'000;

    explicit Scene(u32 backlog = 128) {
        Caller::introduce(host);
        Caller::listen(host, backlog);
    }
    Caller& new_caller() { return callers.emplace_back(host, next_port++); }
    bool accept(u32 number, Caller& caller) {
        host.open(number, Kind::Stream);
        host.accept(Caller::kListener, number);
        return caller.connect() && host.has(number, Condition::Connected);
    }
};

}  // namespace

TEST_CASE("of one connection's segments behind a gap the nearest are kept, and no more memory than they may have") {
    constexpr u32 kPieces = 400, kBytes = 100;
    Scene scene;
    Caller& caller = scene.new_caller();
    REQUIRE(scene.accept(kSocket, caller));
    const u64 before = LwipMemory::bytes();
    for (u32 i = kPieces; i != 1; --i) static_cast<void>(caller.say(kAck, std::vector<u8>(kBytes), i * kBytes));
    CHECK(LwipMemory::bytes() - before < 64 * 1024);
    static_cast<void>(caller.say(kAck, std::vector<u8>(kBytes), kBytes));
    const u32 most = caller.fill(kBytes);
    CHECK(most > 80 * kBytes);
    CHECK(most < 200 * kBytes);
}

TEST_CASE("all connections together keep no more than they may, whatever their segments' size, and each keeps something") {
    constexpr u32 kConnections = 30, kPieces = 44;
    for (const u32 bytes : {1u, 1400u}) {
        CAPTURE(bytes);
        Scene scene;
        for (u32 i = 0; i < kConnections; ++i) REQUIRE(scene.accept(kSocket + i, scene.new_caller()));
        const u64 before = LwipMemory::bytes();
        for (u32 i = 1; i <= kPieces; ++i)
            for (Caller& each : scene.callers) static_cast<void>(each.say(kAck, std::vector<u8>(bytes), i * bytes));
        CHECK(LwipMemory::bytes() - before < 1'800'000);
        for (Caller& each : scene.callers) CHECK(each.fill(bytes) >= 2 * bytes);
        CHECK(LwipMemory::bytes() < before + 100'000);
    }
}

TEST_CASE("what was kept counts no more when its connection is gone") {
    Scene scene;
    for (u32 round = 0; round < 40; ++round) {
        Caller& caller = scene.new_caller();
        REQUIRE(scene.accept(kSocket, caller));
        for (u32 i = 1; i <= 50; ++i) static_cast<void>(caller.say(kAck, std::vector<u8>(10), i * 10));
        CHECK(caller.fill(10) == 510);
        for (u32 i = 1; i <= 50; ++i) static_cast<void>(caller.say(kAck, std::vector<u8>(10), 510 + i * 10));
        static_cast<void>(caller.say(kRst, {}, 510));
        scene.host.close(kSocket);
        static_cast<void>(caller.pass(50));
    }
}

TEST_CASE("who begins a connection and says nothing more gives way after a second") {
    Scene scene(2);
    REQUIRE(scene.new_caller().begin());
    REQUIRE(scene.new_caller().begin());
    Caller& third = scene.new_caller();
    CHECK_FALSE(third.begin());
    static_cast<void>(third.pass(2000));
    CHECK(scene.accept(kSocket, third));
    u32 forgotten = 0;
    for (u32 i = 0; i < 2; ++i)
        for (const Heard& each : scene.callers[i].say(kAck)) forgotten += (each.segment.flags & kRst) != 0;
    CHECK(forgotten == 1);
}

TEST_CASE("connections whose peers never acknowledge their end do not use up the records") {
    constexpr u32 kConnections = 700;
    Scene scene;
    for (u32 i = 0; i < kConnections; ++i) {
        CAPTURE(i);
        Caller& caller = scene.new_caller();
        REQUIRE(scene.accept(kSocket, caller));
        scene.host.close(kSocket);
        static_cast<void>(caller.pass(100));
        REQUIRE(scene.host.has(kSocket, Condition::Free));
    }
}
