// Streams between programs, over the machine's own addresses.
#include "raw_client.h"
#include "traffic.h"

using namespace eft;
using namespace eft::socket;
using namespace eft::test;

namespace {

// Of two clients of the test: socket 1 of `caller` is connected to socket 2 of `listener`, which listens with socket 1.
struct Pair {
    RawClient listener, caller;

    explicit Pair(NetScene& scene) : listener(scene, 1), caller(scene, 2) {
        REQUIRE(listener.listen(1, kPort) == Error::None);
        REQUIRE(listener.open(2) == Error::None);
        REQUIRE(caller.open(1) == Error::None);
        listener.submit_accept(1, 2);
        REQUIRE(caller.connect(1, kPort) == Error::None);
        REQUIRE(listener.next() == Error::None);
    }
};

}  // namespace

STAGE_CASE(NetScene, "bytes go both ways over IPv4, and the connection's last record goes with its time") {
    check_exchange(*this, {.address = kIpv4Self}, {.address = kIpv4Self, .own_seed = 2, .peer_seed = 1});
    CHECK(observer.totals()->sockets == 1);
    CHECK(pass_until([&] { return observer.totals()->sockets == 0; }));
}

STAGE_CASE(NetScene, "bytes go both ways over IPv6") {
    check_exchange(*this, {.address = kIpv6Self}, {.address = kIpv6Self, .own_seed = 2, .peer_seed = 1});
}

STAGE_CASE(NetScene, "more bytes than all rings hold go both ways") {
    constexpr u64 kBytes = 300'000;
    check_exchange(*this, {.to_send = kBytes, .to_receive = kBytes / 2},
                   {.to_send = kBytes / 2, .to_receive = kBytes, .own_seed = 2, .peer_seed = 1});
}

STAGE_CASE(NetScene, "who has ended what he sends still receives") {
    check_exchange(*this, {.to_send = 3000, .to_receive = 20'000}, {.to_send = 20'000, .to_receive = 3000, .own_seed = 2, .peer_seed = 1, .receives_first = true});
}

STAGE_CASE(NetScene, "a connection on which nothing is sent ends on both sides") {
    check_exchange(*this, {.to_send = 0, .to_receive = 0}, {.to_send = 0, .to_receive = 0, .own_seed = 2, .peer_seed = 1});
}

STAGE_CASE(NetScene, "what comes after the receiving half is shut is thrown away") {
    Pair pair(*this);
    REQUIRE(pair.listener.calls.shutdown({.socket = 2, .directions = Directions::Receive}).ok());
    pass(1);
    CHECK(pair.listener.has(2, Condition::ReceiveEnded));
    pair.caller.say(1, 0, 1000);
    pass(1000);
    CHECK(ring::acquire(pair.caller.header(1).acknowledged) == 1000);
    CHECK(ring::acquire(pair.listener.header(2).received) == 0);
    CHECK(pair.caller.state(1) == State::Connected);
}

STAGE_CASE(NetScene, "where nobody listens a connection is refused") {
    RawClient client(*this, 1);
    REQUIRE(client.open(1) == Error::None);
    REQUIRE(client.open(2) == Error::None);
    CHECK(client.connect(1, kPort) == Failure::ConnectionRefused);
    CHECK(client.connect(2, kPort, kIpv6Self) == Failure::ConnectionRefused);
    CHECK(client.failure(1) == Failure::ConnectionRefused);
    CHECK(client.state(1) == State::Closed);
    CHECK(client.close(1) == Error::None);
    pass(1);
    CHECK(client.has(1, Condition::Free));
    CHECK(client.state(1) == State::Free);
}

STAGE_CASE(NetScene, "who waits at a listener that is closed, or in a socket that is, is told so") {
    RawClient client(*this, 1);
    REQUIRE(client.listen(1, kPort) == Error::None);
    for (u32 number : {2, 3}) {
        REQUIRE(client.open(number) == Error::None);
        client.submit_accept(1, number);
    }
    CHECK(client.next() == RawClient::kNothing);
    CHECK(client.close(2) == Error::None);
    CHECK(client.next() == Error::Cancelled);
    CHECK(client.state(2) == State::Free);
    CHECK(client.close(1) == Error::None);
    CHECK(client.next() == Error::Cancelled);
    CHECK(client.state(3) == State::Open);
    // The port is free again, and so is the socket that waited.
    CHECK(client.listen(1, kPort) == Error::None);
    client.submit_accept(1, 3);
    CHECK(client.next() == RawClient::kNothing);
}

STAGE_CASE(NetScene, "connections that nobody has accepted end with their listener") {
    RawClient listener(*this, 1), caller(*this, 2);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    REQUIRE(caller.open(1) == Error::None);
    REQUIRE(caller.connect(1, kPort) == Error::None);
    caller.say(1, 0, 100);
    CHECK(listener.close(1) == Error::None);
    pass(1);
    CHECK(caller.failure(1) == Failure::ConnectionReset);
    CHECK(observer.totals()->sockets == 1);
}

STAGE_CASE(NetScene, "bytes that were received and not taken make a close a reset") {
    Pair pair(*this);
    pair.caller.say(1, 0, 100);
    pass(1);
    CHECK(ring::acquire(pair.listener.header(2).received) == 100);
    CHECK(pair.listener.close(2) == Error::None);
    pass(1);
    CHECK(pair.listener.has(2, Condition::Free));
    CHECK(pair.caller.failure(1) == Failure::ConnectionReset);
    CHECK_FALSE(pair.caller.has(1, Condition::ReceiveEnded));
}

STAGE_CASE(NetScene, "who has read to the peer's end is not told that the peer resets the connection then, and who writes is") {
    struct Outcome {
        Result<u64> first = Error::WouldBlock, again = Error::WouldBlock;
        Status written;
    } outcome;
    RawClient listener(*this, 1);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    REQUIRE(listener.open(2) == Error::None);
    listener.submit_accept(1, 2);
    add_client("caller", +[](Sockets& sockets, Outcome& what) -> Task<void> {
        Result<Stream> stream = co_await sockets.connect({.address = kIpv4Self, .port = kPort});
        CHECK(stream.ok());
        if (!stream.ok()) co_return;
        std::byte byte;
        what.first = co_await stream->read({&byte, 1});
        const std::vector<std::byte> more_than_all_rings(100'000);
        what.written = co_await stream->write(more_than_all_rings);
        what.again = co_await stream->read({&byte, 1});
    }, outcome);
    REQUIRE(listener.next() == Error::None);
    REQUIRE(listener.calls.shutdown({.socket = 2, .directions = Directions::Send}).ok());
    pass(2000);
    CHECK(outcome.first.ok());
    // Bytes that nobody has read make it a reset.
    REQUIRE(listener.close(2) == Error::None);
    CHECK(pass_until([&] { return all_finished(); }, 5));
    CHECK(outcome.written.error() == Failure::ConnectionReset);
    CHECK(outcome.again.error() == Error::None);
    CHECK((outcome.again.ok() && *outcome.again == 0));
    end_clients({1});
}

STAGE_CASE(NetScene, "a client that is killed with sockets open leaves nothing, and its peers are told") {
    RawClient listener(*this, 1);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    REQUIRE(listener.open(2) == Error::None);
    const u64 pages = memory.mapped_pages(server);
    const u32 slots = stage.kept_slots(server);
    Exchange calling{.to_send = 100'000};
    add_client("caller", call, calling);
    CHECK(listener.accept(1, 2) == Error::None);
    pass(1000);
    CHECK(ring::acquire(listener.header(2).received) > RawClient::kReceiveBytes - 1460);
    end_clients({1});
    CHECK(listener.failure(2) == Failure::ConnectionReset);
    CHECK(memory.mapped_pages(server) == pages);
    CHECK(stage.kept_slots(server) == slots);
    CHECK(observer.totals()->sockets == 2);
}

// What is left of the first connection has a record behind that of the second, which has its number.
STAGE_CASE(NetScene, "a number that is used again stays its new socket's over a restart") {
    RawClient listener(*this, 1), caller(*this, 2);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    REQUIRE(listener.open(2) == Error::None);
    REQUIRE(caller.open(3) == Error::None);
    REQUIRE(caller.open(1) == Error::None);
    listener.submit_accept(1, 2);
    REQUIRE(caller.connect(1, kPort) == Error::None);
    REQUIRE(listener.next() == Error::None);
    REQUIRE(caller.close(1) == Error::None);
    pass(1);
    REQUIRE(listener.close(2) == Error::None);
    pass(1);
    REQUIRE(caller.has(1, Condition::Free));
    REQUIRE(caller.close(3) == Error::None);
    pass(1);
    REQUIRE(caller.open(1) == Error::None);
    CHECK_FALSE(caller.has(1, Condition::Free));
    stage.kill(server);
    pass(1);
    CHECK(observer.totals()->recovered > 0);
    CHECK_FALSE(caller.has(1, Condition::Free));
}

STAGE_CASE(NetScene, "a port that was used lately is not taken again after a restart") {
    RawClient caller(*this, 1);
    u32 last = 0;
    for (int i = 0; i < 5; ++i) {
        REQUIRE(caller.open(1) == Error::None);
        REQUIRE(caller.connect(1, kPort) == Failure::ConnectionRefused);
        const u32 port = caller.calls.describe({.socket = 1})->local_port;
        if (i != 0) {
            const u32 step = (port - last) % 16384;
            CHECK(step > 0);
            CHECK(step < 8192);
        }
        last = port;
        REQUIRE(caller.close(1) == Error::None);
        stage.kill(server);
        pass(10);
    }
}

// A peer that has ended may use its port again at once (RFC 9293, 3.10.7.4), whatever the client has done with its socket.
STAGE_CASE(NetScene, "a peer connects again from a port whose last connection has ended for both sides") {
    constexpr u16 kOwnPort = 6000;
    RawClient listener(*this, 1), caller(*this, 2);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    for (const bool closes : {false, true}) {
        CAPTURE(closes);
        const auto connect = [&](u32 number) {
            REQUIRE(caller.open(number) == Error::None);
            REQUIRE(caller.bind(number, kOwnPort) == Error::None);
            return caller.connect(number, kPort);
        };
        for (const u32 number : {2, 3}) REQUIRE(listener.open(number) == Error::None);
        listener.submit_accept(1, 2);
        REQUIRE(connect(1) == Error::None);
        REQUIRE(listener.next() == Error::None);
        // The listener's side ends first, so it is the one that remembers.
        if (closes) REQUIRE(listener.close(2) == Error::None);
        else REQUIRE(listener.calls.shutdown({.socket = 2, .directions = Directions::Send}).ok());
        pass(1);
        REQUIRE(caller.has(1, Condition::ReceiveEnded));
        REQUIRE(caller.close(1) == Error::None);
        pass(1);
        REQUIRE(caller.has(1, Condition::Free));
        CHECK(connect(1) == Error::None);
        CHECK(listener.accept(1, 3) == Error::None);
        if (!closes) {
            CHECK(listener.has(2, Condition::ReceiveEnded));
            CHECK(listener.failure(2) == Error::None);
        }
        stage.kill(server);
        pass(1);
        CHECK(listener.has(3, Condition::Connected));
        caller.say(1, 0, 100);
        pass(1);
        CHECK(ring::acquire(listener.header(3).received) == 100);
        for (const u32 number : {2, 3}) REQUIRE(listener.close(number) == Error::None);
        REQUIRE(caller.close(1) == Error::None);
        pass(1);
        CHECK(listener.has(3, Condition::Free));
    }
}

STAGE_CASE(NetScene, "two clients do not see each other's sockets") {
    RawClient anna(*this, 1), berta(*this, 2);
    REQUIRE(anna.listen(5, kPort) == Error::None);
    CHECK(berta.state(5) == State::Free);
    CHECK(berta.bind(5, kPort + 1) == Error::WrongState);
    CHECK(berta.close(5) == Error::None);
    CHECK(berta.calls.set_option({.socket = 5, .option = Option::NoDelay, .value = 1}).error() == Error::WrongState);
    CHECK(berta.connect(5, kPort) == Error::WrongState);
    CHECK(berta.open(5) == Error::None);
    CHECK(berta.bind(5, kPort) == Failure::AddressInUse);
    CHECK(berta.close(5) == Error::None);
    CHECK(anna.state(5) == State::Listening);
}
