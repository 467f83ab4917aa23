// Clients that break the rules of their area: their socket fails with ProtocolViolation, and nobody else's does. And what waits in
// the ring, or has no room, when the server dies.
#include "raw_client.h"
#include "traffic.h"

using namespace eft;
using namespace eft::socket;
using namespace eft::test;

namespace {

struct HostileScene : NetScene {
    RawClient victim{*this, 1}, client{*this, 2};

    // Socket 3 of the victim, which goes on whatever the client does; and 1 of the client, connected to 2 of the victim.
    void connect() {
        REQUIRE(victim.listen(1, kPort) == Error::None);
        for (u32 number : {2, 3, 4}) REQUIRE(victim.open(number) == Error::None);
        victim.submit_accept(1, 4);
        REQUIRE(victim.connect(3, kPort) == Error::None);
        REQUIRE(victim.next() == Error::None);
        REQUIRE(client.open(1) == Error::None);
        victim.submit_accept(1, 2);
        REQUIRE(client.connect(1, kPort) == Error::None);
        REQUIRE(victim.next() == Error::None);
    }
    void check_victim() {
        const u64 before = ring::acquire(victim.header(4).received);
        CHECK(victim.failure(3) == Error::None);
        victim.say(3, 0, before + 100);
        pass(10);
        CHECK(ring::acquire(victim.header(4).received) == before + 100);
        CHECK(server.deaths == 0);
    }
};

struct Position {
    const char* what;
    u64 taken, submitted;
};

}  // namespace

TEST_CASE("positions of a stream that cannot be true end it") {
    // It has received 100 bytes, and sent 50 that the peer has.
    const Position kPositions[] = {
        {"more taken than came", 101, 50},      {"far more", ~u64{0}, 50},
        {"more submitted than the ring holds", 0, 50 + RawClient::kSendBytes + 1}, {"far more", 0, ~u64{0}},
        {"what was submitted is taken back", 0, 49},
    };
    for (const Position& each : kPositions) {
        CAPTURE(each.what);
        Stage stage;
        stage.run_test([&] {
            HostileScene scene{{stage}};
            scene.connect();
            scene.victim.say(2, 0, 100);
            scene.client.say(1, 0, 50);
            scene.pass(500);
            REQUIRE(ring::acquire(scene.client.header(1).received) == 100);
            REQUIRE(ring::acquire(scene.client.header(1).acknowledged) == 50);
            scene.client.say(1, each.taken, each.submitted);
            scene.pass(10);
            CHECK(scene.client.failure(1) == Error::ProtocolViolation);
            CHECK(scene.victim.failure(2) == Failure::ConnectionReset);
            scene.check_victim();
            CHECK(scene.client.close(1) == Error::None);
            scene.pass(1);
            CHECK(scene.client.open(1) == Error::None);
        });
    }
}

TEST_CASE("bytes that are taken and then not taken end a stream") {
    Stage stage;
    stage.run_test([&] {
        HostileScene scene{{stage}};
        scene.connect();
        scene.victim.say(2, 0, 100);
        scene.pass(10);
        scene.client.say(1, 100, 0);
        scene.client.say(1, 99, 0);
        scene.pass(10);
        CHECK(scene.client.failure(1) == Error::ProtocolViolation);
        scene.check_victim();
    });
}

TEST_CASE("positions that became untrue while no server lived end a stream, too") {
    Stage stage;
    stage.run_test([&] {
        HostileScene scene{{stage}};
        scene.connect();
        ring::release(scene.client.header(1).taken, u64{1});
        ring::release(scene.client.header(1).submitted, ~u64{0});
        stage.kill(scene.server);
        scene.pass(10);
        CHECK(scene.client.failure(1) == Error::ProtocolViolation);
        scene.server.deaths = 0;
        scene.check_victim();
    });
}

TEST_CASE("records of datagrams that cannot be true end their socket") {
    struct Record {
        const char* what;
        u32 bytes;
        u64 submitted;
    };
    const Record kRecords[] = {
        {"a part of a head", 0, sizeof(DatagramHead) - 1},
        {"longer than what was submitted", 100, sizeof(DatagramHead) + 96},
        {"longer than a datagram can be", 65'508, RawClient::kSendBytes},
        {"as long as can be written", ~u32{0}, RawClient::kSendBytes},
        {"more than the ring holds", 0, RawClient::kSendBytes + 1},
    };
    for (const Record& each : kRecords) {
        CAPTURE(each.what);
        Stage stage;
        stage.run_test([&] {
            HostileScene scene{{stage}};
            scene.connect();
            REQUIRE(scene.client.open(9, Kind::Datagram) == Error::None);
            REQUIRE(scene.client.bind(9, 7000) == Error::None);
            const DatagramHead head{each.bytes, 7001, 0, kIpv4Self};
            std::memcpy(scene.client.area.data() + RawClient::kSendAt, &head, sizeof head);
            scene.client.say(9, 0, each.submitted);
            scene.pass(10);
            CHECK(scene.client.failure(9) == Error::ProtocolViolation);
            CHECK(scene.client.failure(1) == Error::None);
            scene.check_victim();
        });
    }
}

STAGE_CASE(NetScene, "who scribbles over the headers and bells of his area spoils nobody's but his own") {
    RawClient victim(*this, 1), client(*this, 2);
    REQUIRE(victim.listen(1, kPort) == Error::None);
    REQUIRE(victim.open(2) == Error::None);
    for (u32 number = 0; number < 20; ++number) REQUIRE(client.open(number, number % 2 ? Kind::Datagram : Kind::Stream) == Error::None);
    std::ranges::fill(client.area.first(kRingsAt), std::byte{0xff});
    sys::signal(client.calls.slot());
    pass(1000);
    stage.kill(server);
    pass(1000);
    Exchange calling{.to_send = 1000, .to_receive = 0};
    add_client("caller", call, calling);
    CHECK(victim.accept(1, 2) == Error::None);
    pass(1000);
    CHECK(ring::acquire(victim.header(2).received) == 1000);
}

// --- What waits ---

STAGE_CASE(NetScene, "who waits for a connection is answered by the next incarnation") {
    RawClient listener(*this, 1), caller(*this, 2);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    REQUIRE(listener.open(2) == Error::None);
    REQUIRE(caller.open(1) == Error::None);
    listener.submit_accept(1, 2);
    pass(100);
    stage.kill(server);
    pass(100);
    CHECK(listener.next() == RawClient::kNothing);
    CHECK(caller.connect(1, kPort) == Error::None);
    CHECK(listener.next() == Error::None);
    CHECK(listener.state(2) == State::Connected);
}

STAGE_CASE(NetScene, "who calls where the backlog is full is connected when there is room, by whichever incarnation") {
    RawClient listener(*this, 1), caller(*this, 2);
    REQUIRE(listener.listen(1, kPort, 1) == Error::None);
    for (u32 number : {2, 3}) REQUIRE(listener.open(number) == Error::None);
    for (u32 number : {1, 2}) REQUIRE(caller.open(number) == Error::None);
    CHECK(caller.connect(1, kPort) == Error::None);
    caller.submit_connect(2, kPort);
    CHECK(caller.next() == RawClient::kNothing);
    stage.kill(server);
    CHECK(caller.next() == RawClient::kNothing);
    CHECK(listener.accept(1, 2) == Error::None);
    CHECK(caller.next(10) == Error::None);
    CHECK(listener.accept(1, 3) == Error::None);
    CHECK(observer.totals()->lost == 0);
}

STAGE_CASE(NetScene, "a name that is asked for has its answer from the next incarnation") {
    RawClient client(*this, 1);
    client.submit_resolve("127.0.0.1");
    stage.kill(server);
    CHECK(client.next() == Error::None);
}

// --- What there is no room for ---

STAGE_CASE(NetScene, "when all records are in use a client is told so, and has them when others are closed") {
    constexpr u32 kRecords = 512, kOfEach = kRecords / 2;
    RawClient first(*this, 1), second(*this, 2), third(*this, 3);
    REQUIRE(third.listen(0, kPort) == Error::None);
    for (u32 number = 0; number < kOfEach; ++number) REQUIRE(first.open(number) == Error::None);
    for (u32 number = 0; number < kOfEach - 1; ++number) REQUIRE(second.open(number, Kind::Datagram) == Error::None);
    CHECK(observer.totals()->sockets == kRecords);
    CHECK(second.open(kOfEach - 1) == Error::LimitReached);
    CHECK(third.open(1) == Error::LimitReached);
    // Nobody can connect, and what is open goes on.
    first.submit_connect(0, kPort);
    CHECK(first.next() == RawClient::kNothing);
    stage.kill(server);
    pass(10);
    CHECK(third.open(1) == Error::LimitReached);
    CHECK(observer.totals()->sockets == kRecords);
    // The connection that is tried comes with the next SYN.
    CHECK(second.close(7) == Error::None);
    CHECK(first.next(30) == Error::None);
    CHECK(observer.totals()->sockets == kRecords);
    CHECK(second.close(8) == Error::None);
    pass(1);
    CHECK(third.open(1) == Error::None);
    CHECK(third.accept(0, 1) == Error::None);
    // All of a session's come back with it.
    end_clients({1, 3});
    CHECK(observer.totals()->sockets == kOfEach + 2);
    end_clients();
    CHECK(observer.totals()->sockets == 0);
    CHECK(nothing_left());
}

// What may be mapped follows from the server's quota, which is MemoryServer::kQuota here.
TEST_CASE("an area that would leave too little for others is refused, and they get theirs") {
    Stage stage;
    stage.run_test([&] {
        NetScene scene{stage};
        constexpr u64 kMuch = 1500 * kPageSize, kTooMuch = 1600 * kPageSize;
        const SharedMemory memory = *SharedMemory::create(kTooMuch);
        RawClient greedy(scene, 1), second(scene, 2);
        CHECK(greedy.attach(memory, kTooMuch) == Error::OutOfMemory);
        CHECK(greedy.open(1) == Error::WrongState);
        CHECK(greedy.attach(memory, kMuch) == Error::None);
        CHECK(second.attach(memory, kMuch) == Error::OutOfMemory);
        CHECK(second.attach() == Error::None);
        std::deque<RawClient> others;
        for (u64 number = 3; number <= 15; ++number) CHECK(others.emplace_back(scene, number).open(1) == Error::None);
        // It is the same to the next incarnation.
        stage.kill(scene.server);
        CHECK(greedy.open(1) == Error::None);
        CHECK(second.attach(memory, kMuch) == Error::OutOfMemory);
        CHECK(others.back().open(2) == Error::None);
        CHECK(greedy.attach() == Error::None);
        CHECK(second.attach(memory, kMuch) == Error::None);
    });
}
