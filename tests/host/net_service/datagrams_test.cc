// Datagrams and pings between programs, over the machine's own addresses: they may be lost, and none is damaged, made up or
// doubled, also when the server dies at any step.
#include "raw_client.h"
#include "traffic.h"

using namespace eft;
using namespace eft::socket;
using namespace eft::test;

namespace {

constexpr u32 kCount = 24;
// From none to more than a frame holds. The number is the first byte of all that are long enough.
constexpr u32 bytes_of_number(u32 number) { return number * number * 5 % 2900; }

struct Datagrams {
    Address address = kIpv4Self;
    u32 received = 0, empty = 0, doubled = 0, damaged = 0, sent = 0;
    u32 seen = 0;  // a bit each
    Error error = Error::None;
};

Task<Status> receive_datagrams(Sockets& sockets, Datagrams& what) {
    EFT_CO_TRY(DatagramSocket socket, co_await sockets.open_datagrams({.address = what.address, .port = kPort}));
    std::array<std::byte, 4000> buffer;
    for (;;) {
        EFT_CO_TRY(const Datagram datagram, co_await socket.receive(buffer));
        ++what.received;
        if (datagram.bytes == 0) {
            ++what.empty;
            continue;
        }
        const u32 number = std::to_integer<u32>(buffer[0]);
        bool right = number < kCount && datagram.bytes == bytes_of_number(number) && same(datagram.from.address, what.address);
        for (u32 i = 1; right && i < datagram.bytes; ++i) right = buffer[i] == byte_at(number, i);
        what.damaged += !right;
        if (!right) continue;
        what.doubled += what.seen >> number & 1;
        what.seen |= u32{1} << number;
    }
}

Task<Status> send_datagrams(Sockets& sockets, Datagrams& what) {
    EFT_CO_TRY(DatagramSocket socket, co_await sockets.open_datagrams({.address = what.address}));
    std::array<std::byte, 4000> buffer;
    const Endpoint to{.address = what.address, .port = kPort};
    for (; what.sent < kCount; ++what.sent) {
        const u32 bytes = bytes_of_number(what.sent);
        for (u32 i = 0; i < bytes; ++i) buffer[i] = byte_at(what.sent, i);
        buffer[0] = static_cast<std::byte>(what.sent);
        EFT_CO_CHECK(co_await socket.send(std::span(buffer).first(bytes), to));
    }
    co_return Status{};
}

Task<void> receive(Sockets& sockets, Datagrams& what) {
    const Status status = co_await receive_datagrams(sockets, what);
    what.error = status.error();
}
Task<void> send(Sockets& sockets, Datagrams& what) {
    const Status status = co_await send_datagrams(sockets, what);
    what.error = status.error();
}

bool exchange_datagrams(Stage& stage, Death death, Address address) {
    CAPTURE(static_cast<int>(death.at));
    CAPTURE(death.nth);
    NetScene scene{stage};
    scene.server.die(death);
    Datagrams in{.address = address}, out{.address = address};
    scene.add_client("receiver", receive, in);
    scene.pass(100);
    NetScene::Client& sender = scene.add_client("sender", send, out);
    CHECK(scene.pass_until([&] { return sender.has_finished; }));
    scene.pass(1000);
    CHECK(out.error == Error::None);
    CHECK(in.error == Error::None);
    CHECK(in.damaged == 0);
    CHECK(in.doubled == 0);
    CHECK(in.empty <= 1);
    CHECK(in.received + 8 * scene.server.deaths >= kCount);
    scene.end_clients();
    CHECK(scene.nothing_left());
    CHECK(scene.observer.totals()->sockets == 0);
    return scene.server.deaths == 1;
}

constexpr Death kNever{At::SystemCall, 1'000'000};

}  // namespace

TEST_CASE("each datagram comes once, with its bytes and from whom it is") {
    for (const Address& address : {kIpv4Self, kIpv6Self}) {
        Stage stage;
        stage.run_test([&] { CHECK(!exchange_datagrams(stage, kNever, address)); });
    }
}

bool exchange_over_ipv4(Stage& stage, Death death) { return exchange_datagrams(stage, death, kIpv4Self); }
TEST_CASE("a death at any step loses datagrams, and damages and doubles none") {
    const Deaths deaths = die_at_each(10, exchange_over_ipv4);
    CHECK(deaths.system_calls > 5);
    CHECK(deaths.stores > 20);
}
TEST_CASE("a death at every step loses datagrams, and damages and doubles none, often" * doctest::skip()) { die_everywhere(exchange_over_ipv4); }

STAGE_CASE(NetScene, "a datagram socket with a peer hears nobody else") {
    RawClient client(*this, 1);
    for (u32 number : {1, 2, 3}) {
        REQUIRE(client.open(number, Kind::Datagram) == Error::None);
        REQUIRE(client.bind(number, static_cast<u16>(kPort + number), kIpv4Self) == Error::None);
    }
    CHECK(client.connect(1, kPort + 2) == Error::None);
    const auto send_to_first = [&](u32 number) {
        // All sockets have the same rings here, so the record stands where this socket's next one does.
        const DatagramHead head{16, kPort + 1, 0, kIpv4Self};
        std::memcpy(client.area.data() + RawClient::kSendAt, &head, sizeof head);
        client.say(number, 0, record_bytes(head.bytes));
        pass(10);
    };
    send_to_first(3);
    CHECK(ring::acquire(client.header(1).received) == 0);
    CHECK(ring::acquire(client.header(3).acknowledged) == record_bytes(16));
    send_to_first(2);
    CHECK(ring::acquire(client.header(1).received) == record_bytes(16));
}

STAGE_CASE(NetScene, "what there is no room for is dropped, and the socket says so") {
    RawClient client(*this, 1);
    for (u32 number : {1, 2}) {
        REQUIRE(client.open(number, Kind::Datagram) == Error::None);
        REQUIRE(client.bind(number, static_cast<u16>(kPort + number)) == Error::None);
    }
    constexpr u32 kBytes = 1000;
    const DatagramHead head{kBytes, kPort + 1, 0, kIpv4Self};
    u64 submitted = 0;
    const Bytes ring(client.area.data() + RawClient::kSendAt, RawClient::kSendBytes);
    for (u32 sent = 0; sent < RawClient::kReceiveBytes / kBytes; ++sent) {
        ring.copy_in(submitted, std::as_bytes(std::span(&head, 1)));
        client.say(2, 0, submitted += record_bytes(kBytes));
        pass(1);
    }
    CHECK(ring::acquire(client.header(2).acknowledged) == submitted);
    CHECK(client.has(1, Condition::Dropped));
    CHECK(ring::acquire(client.header(1).received) == RawClient::kReceiveBytes / record_bytes(kBytes) * record_bytes(kBytes));
}

STAGE_CASE(NetScene, "a ping comes back with its bytes and its number") {
    RawClient client(*this, 1, SocketKind::Server);
    REQUIRE(client.open(1, Kind::Ping) == Error::None);
    u64 before = 0;
    for (const Address& address : {kIpv4Self, kIpv6Self}) {
        const DatagramHead head{40, 0, 77, address};
        const Bytes send(client.area.data() + RawClient::kSendAt, RawClient::kSendBytes);
        send.copy_in(before, std::as_bytes(std::span(&head, 1)));
        client.say(1, 0, before + record_bytes(40));
        pass(10);
        REQUIRE(ring::acquire(client.header(1).received) == before + record_bytes(40));
        DatagramHead back;
        Bytes(client.area.data() + RawClient::kReceiveAt, RawClient::kReceiveBytes).copy_out(before, std::as_writable_bytes(std::span(&back, 1)));
        CHECK(back.bytes == 40);
        CHECK(back.sequence == 77);
        CHECK(same(back.address, address));
        before += record_bytes(40);
    }
}
