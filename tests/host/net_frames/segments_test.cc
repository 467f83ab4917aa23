// What the server does with single segments of a peer whose other ones were lost.
#include "caller.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace eft;
using namespace eft::test;
using socket::Condition;
using socket::Kind;

namespace {

constexpr u32 kSocket = 1;

struct Scene {
    Host host{1, 1};
    Caller caller{host};

    Scene() {
        Caller::introduce(host);
        Caller::listen(host);
    }
    void accept() {
        host.open(kSocket, Kind::Stream);
        host.accept(Caller::kListener, kSocket);
    }
    u64 read() {
        std::array<std::byte, 2000> bytes;
        const auto count = host.client.read(kSocket, bytes);
        return count.ok() ? *count : 0;
    }
    void write(u32 bytes) { CHECK(*host.client.write(kSocket, std::vector<std::byte>(bytes)) == bytes); }
};

bool any_acknowledges(const Caller& caller, const std::vector<Heard>& heard, u32 bytes) {
    for (const Heard& each : heard)
        if (caller.acknowledged(each) == bytes) return true;
    return false;
}

}  // namespace

TEST_CASE("a handshake is finished by a segment with bytes, if the acknowledgement before it was lost") {
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.begin());
    static_cast<void>(scene.caller.say(kAck | kPsh, std::vector<u8>(100)));
    CHECK(scene.host.has(kSocket, Condition::Connected));
    CHECK(any_acknowledges(scene.caller, scene.caller.pass(500), 100));
    CHECK(scene.read() == 100);
}

TEST_CASE("also by one that lies behind a gap, and with an end; and the bytes before it come later") {
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.begin());
    static_cast<void>(scene.caller.say(kAck | kPsh | kFin, std::vector<u8>(100), 50));
    CHECK(scene.host.has(kSocket, Condition::Connected));
    CHECK(scene.read() == 0);
    const auto answer = scene.caller.say(kAck | kPsh, std::vector<u8>(50));
    CHECK(any_acknowledges(scene.caller, answer, 151));
    CHECK(scene.read() == 150);
    CHECK(scene.host.has(kSocket, Condition::ReceiveEnded));
}

TEST_CASE("also while nobody accepts it, and then its bytes are not acknowledged") {
    Scene scene;
    REQUIRE(scene.caller.begin());
    CHECK_FALSE(any_acknowledges(scene.caller, scene.caller.say(kAck | kPsh, std::vector<u8>(100)), 100));
    CHECK(scene.host.has(Caller::kListener, Condition::Acceptable));
    for (const Heard& each : scene.caller.pass(10'000)) CHECK((each.segment.flags & kSyn) == 0);
    scene.accept();
    static_cast<void>(scene.caller.pass(50));
    CHECK(scene.host.has(kSocket, Condition::Connected));
    static_cast<void>(scene.caller.say(kAck | kPsh, std::vector<u8>(100)));
    CHECK(any_acknowledges(scene.caller, scene.caller.pass(500), 100));
    CHECK(scene.read() == 100);
}

TEST_CASE("but not by one that acknowledges something else") {
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.begin());
    static_cast<void>(scene.caller.say(kPsh, std::vector<u8>(100)));
    CHECK_FALSE(scene.host.has(kSocket, Condition::Connected));
}

TEST_CASE("how large segments may be is said by the first SYN only") {
    const std::vector<u8> tiny = {2, 4, 0, 8};
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.begin());
    static_cast<void>(scene.caller.say(kAck | kPsh, std::vector<u8>(10), 0, tiny));
    REQUIRE(scene.host.has(kSocket, Condition::Connected));
    static_cast<void>(scene.caller.say(kAck, {}, 10, tiny));
    const auto answer = scene.caller.say(kSyn, {}, 5'000'000, tiny);
    CHECK(any_acknowledges(scene.caller, answer, 10));
    scene.write(400);
    const auto sent = scene.caller.pass(100);
    CHECK(std::ranges::any_of(sent, [](const Heard& each) { return each.segment.bytes.size() == 400; }));
}

TEST_CASE("segments that may hold less than their own options are larger, and are sent") {
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.begin({2, 4, 0, 8, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0}));
    static_cast<void>(scene.caller.say(kAck));
    REQUIRE(scene.host.has(kSocket, Condition::Connected));
    scene.write(400);
    const auto sent = scene.caller.pass(100);
    CHECK(std::ranges::any_of(sent, [](const Heard& each) { return !each.segment.bytes.empty() && each.segment.bytes.size() <= 48; }));
}

TEST_CASE("a peer that says nothing more is waited for a quarter of an hour") {
    constexpr u32 kMinute = 60'000;
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.connect());
    scene.write(100);
    CHECK_FALSE(scene.caller.pass(15 * kMinute).empty());
    CHECK_FALSE(scene.host.has(kSocket, Condition::Failed));
    static_cast<void>(scene.caller.pass(3 * kMinute));
    CHECK(scene.host.has(kSocket, Condition::Failed));
}

TEST_CASE("an acknowledgement that is due is not kept back with bytes that wait for one (Nagle)") {
    Scene scene;
    scene.accept();
    REQUIRE(scene.caller.connect());
    REQUIRE(scene.host.has(kSocket, Condition::Connected));
    scene.write(100);
    CHECK_FALSE(scene.caller.pass(50).empty());
    scene.write(100);  // waits until those are acknowledged
    CHECK(scene.caller.pass(50).empty());
    SUBCASE("at once for two segments") {
        static_cast<void>(scene.caller.say(kAck, std::vector<u8>(536)));
        CHECK(any_acknowledges(scene.caller, scene.caller.say(kAck, std::vector<u8>(536), 536), 1072));
    }
    SUBCASE("after a while for one") {
        static_cast<void>(scene.caller.say(kAck, std::vector<u8>(536)));
        CHECK(any_acknowledges(scene.caller, scene.caller.pass(500), 536));
    }
    SUBCASE("at once for one that had come before") {
        static_cast<void>(scene.caller.say(kAck, std::vector<u8>(536)));
        CHECK(any_acknowledges(scene.caller, scene.caller.pass(500), 536));
        CHECK(any_acknowledges(scene.caller, scene.caller.say(kAck, std::vector<u8>(536)), 536));
    }
}
