// Programs and their sockets, with the network server as it is, over its loopback, in the whole system in this process.
//
// lwIP has one memory for the whole process, so there is one system, and the server in it is not restarted.
#include <eft/process.h>
#include <eft/socket/address.h>
#include <eft/socket/sockets.h>

#include <doctest/doctest.h>
#include <host_system.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace eft;
using namespace eft::socket;
using namespace eft::test;

int eft_main_net();

namespace {

constexpr const char* kManifest = R"({"services": [
    {"name": "net", "priority": 30, "quota": 8192, "provides": ["net"], "connects": [], "state_bytes": 262144, "heartbeat_ms": 0},
    {"name": "client", "kind": "Program", "priority": 10, "quota": 4096, "connects": ["net:server"], "heartbeat_ms": 0, "restart": {"policy": "OnFailure"}},
    {"name": "guest", "kind": "Program", "priority": 10, "quota": 4096, "connects": ["net"], "heartbeat_ms": 0, "restart": {"policy": "OnFailure"}}
]})";

constexpr Address kLoopback = ipv4(127, 0, 0, 1);
constexpr Sizes kSizes{.sockets = 4};

struct Outcome {
    std::array<char, 128> failed{};  // the first check that failed, by its words
    unsigned passed = 0;
    bool waits = false;
    Error ended = Error::None;
};
Outcome client_outcome, guest_outcome;

void expect(bool holds, const char* what, Outcome& outcome = client_outcome) {
    if (holds) ++outcome.passed;
    else if (outcome.failed[0] == 0) std::strncpy(outcome.failed.data(), what, outcome.failed.size() - 1);
}

std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

struct Pair {
    Stream near, far;
};

Task<Result<Pair>> connect_pair(Sockets& sockets, Listener& listener, u16 port) {
    const Endpoint to{.address = kLoopback, .port = port};
    Task<Result<Stream>> accepting = listener.accept();
    accepting.start();
    EFT_CO_TRY(Stream near, co_await sockets.connect(to));
    EFT_CO_TRY(Stream far, co_await accepting);
    co_return Pair{std::move(near), std::move(far)};
}

Task<Status> write_and_end(Stream& stream, std::span<const std::byte> bytes) {
    EFT_CO_CHECK(co_await stream.write(bytes));
    co_return stream.shutdown(Directions::Send);
}

Task<Result<std::vector<std::byte>>> read_all(Stream& stream, std::size_t piece) {
    std::vector<std::byte> all, buffer(piece);
    for (;;) {
        EFT_CO_TRY(const u64 count, co_await stream.read(buffer));
        if (count == 0) co_return std::move(all);
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<long>(count));
    }
}

// Both ways at once, more than the rings hold, and each half has its own end.
Task<Status> both_ways(Sockets& sockets, Listener& listener, u16 port) {
    EFT_CO_TRY(Pair pair, co_await connect_pair(sockets, listener, port));
    const auto down = random_bytes(700'000, 1), up = random_bytes(500'000, 2);
    Task<Status> writing_down = write_and_end(pair.far, down), writing_up = write_and_end(pair.near, up);
    Task<Result<std::vector<std::byte>>> reading_down = read_all(pair.near, 5000), reading_up = read_all(pair.far, 70'000);
    writing_down.start();
    writing_up.start();
    reading_down.start();
    reading_up.start();
    EFT_CO_CHECK(co_await writing_down);
    EFT_CO_CHECK(co_await writing_up);
    EFT_CO_TRY(const std::vector<std::byte> got_down, co_await reading_down);
    EFT_CO_TRY(const std::vector<std::byte> got_up, co_await reading_up);
    expect(got_down == down, "what the client got");
    expect(got_up == up, "what the server got");
    const Status after_end = co_await pair.near.write(up);
    expect(after_end.error() == Failure::NotConnected, "written after the end");
    const Result<socket::Description> description = pair.near.describe();
    expect(description.ok() && description->peer_port == port && same(description->peer, kLoopback), "the name of the peer");
    co_return Status{};
}

// One after another, far more than there are numbers. What was written before the close arrives all the same.
Task<Status> many_connections(Sockets& sockets, Listener& listener, u16 port) {
    for (unsigned i = 0; i < 40; ++i) {
        const auto bytes = random_bytes(1 + i * 37, i);
        std::optional<Pair> pair;
        {
            EFT_CO_TRY(Pair made, co_await connect_pair(sockets, listener, port));
            pair.emplace(std::move(made));
        }
        expect(pair->far.peer().port >= 49152, "the port that the server chose");
        EFT_CO_CHECK(co_await pair->near.write(bytes));
        Stream far = std::move(pair->far);
        pair.reset();
        EFT_CO_TRY(const std::vector<std::byte> got, co_await read_all(far, 1000));
        expect(got == bytes, "what was written before the close");
    }
    co_return Status{};
}

Task<Status> errors(Sockets& sockets, Listener& listener, u16 port) {
    const Endpoint nobody{.address = kLoopback, .port = 1}, taken{.address = {}, .port = port};
    const Result<Stream> refused = co_await sockets.connect(nobody);
    expect(refused.error() == Failure::ConnectionRefused, "a connection to nobody");
    const Result<Listener> second = co_await sockets.listen(taken);
    expect(second.error() == Failure::AddressInUse, "a port that is taken");
    const Endpoint elsewhere{.address = ipv4(192, 0, 2, 1), .port = 80};
    const Result<Stream> unreachable = co_await sockets.connect(elsewhere);
    expect(unreachable.error() == Failure::Unreachable, "an address without a way to it");
    const Result<Address> no_name = co_await sockets.resolve("");
    expect(no_name.error() == Error::InvalidArgument, "an empty name");
    const Result<Address> written = co_await sockets.resolve("2001:db8::1");
    expect(written.ok() && to_text(*written).view() == "2001:db8::1", "an address in place of a name");
    const Result<Address> local = co_await sockets.resolve("localhost");
    expect(local.ok() && same(*local, kLoopback), "the name of this machine");

    // The peer goes away with bytes that it has not read.
    EFT_CO_TRY(Pair pair, co_await connect_pair(sockets, listener, port));
    const auto ten = random_bytes(10, 1);
    EFT_CO_CHECK(co_await pair.near.write(ten));
    std::byte one;
    EFT_CO_CHECK(co_await pair.far.read({&one, 1}));
    {
        const Stream gone = std::move(pair.far);
    }
    const Result<u64> reset = co_await pair.near.read({&one, 1});
    expect(reset.error() == Failure::ConnectionReset, "the peer has not read everything");
    co_return Status{};
}

// All numbers are used: it is said at once, and an accept goes on when one is closed.
Task<Status> too_many(Sockets& sockets, Listener& listener, u16 port) {
    const Endpoint to{.address = kLoopback, .port = port};
    EFT_CO_TRY(Pair pair, co_await connect_pair(sockets, listener, port));
    EFT_CO_TRY(Stream third, co_await sockets.connect(to));
    const Result<Stream> none = co_await sockets.connect(to);
    expect(none.error() == Error::LimitReached, "one socket too many");
    Task<Result<Stream>> accepting = listener.accept();
    accepting.start();
    expect(!accepting.done(), "an accept without a socket");
    {
        const Stream closed = std::move(pair.near);
    }
    EFT_CO_TRY(Stream accepted, co_await accepting);
    const auto three = random_bytes(3, 3);
    EFT_CO_CHECK(co_await accepted.write(three));
    std::array<std::byte, 8> buffer;
    EFT_CO_TRY(const u64 count, co_await third.read(buffer));
    expect(count == 3, "what came by the socket that was free again");
    co_return Status{};
}

// Whatever waits can be given up, and its number serves again.
Task<Status> given_up(Sockets& sockets, WakeLoop& loop, Listener& listener, u16 port) {
    for (unsigned turn = 0; turn < 12; ++turn) {
        Task<Result<Pair>> connecting = connect_pair(sockets, listener, port);
        connecting.start();
        for (unsigned i = 0; i < turn && !connecting.done(); ++i) co_await loop.yield();
        connecting.cancel();
    }
    {
        Task<Result<Stream>> accepting = listener.accept();
        accepting.start();
        co_await loop.yield();
    }
    EFT_CO_TRY(Pair pair, co_await connect_pair(sockets, listener, port));
    std::byte one;
    {
        Task<Result<u64>> reading = pair.near.read({&one, 1});
        reading.start();
        co_await loop.yield();
        expect(!reading.done(), "a read of nothing");
    }
    const auto sent = random_bytes(1, 9);
    EFT_CO_CHECK(co_await pair.far.write(sent));
    EFT_CO_TRY(const u64 count, co_await pair.near.read({&one, 1}));
    expect(count == 1 && one == sent[0], "a read after one that was given up");
    co_return Status{};
}

Task<Status> datagrams(Sockets& sockets) {
    const Endpoint any_port{.address = kLoopback, .port = 0};
    EFT_CO_TRY(DatagramSocket one, co_await sockets.open_datagrams(any_port));
    EFT_CO_TRY(DatagramSocket other, co_await sockets.open_datagrams(any_port));
    EFT_CO_TRY(const socket::Description named, other.describe());
    const Endpoint to{.address = kLoopback, .port = named.local_port};
    std::vector<std::byte> buffer(2000);
    for (unsigned size : {1u, 0u, 1000u, 1472u, 8u}) {
        const auto bytes = random_bytes(size, size);
        EFT_CO_CHECK(co_await one.send(bytes, to));
        EFT_CO_TRY(const Datagram datagram, co_await other.receive(buffer));
        expect(datagram.bytes == size && std::equal(bytes.begin(), bytes.end(), buffer.begin()), "a datagram");
        EFT_CO_CHECK(co_await other.send(std::span(buffer).first(size), datagram.from));
        EFT_CO_TRY(const Datagram answer, co_await one.receive(std::span(buffer).first(4)));
        expect(answer.bytes == size && answer.from.port == to.port, "an answer, cut to the room for it");
    }
    const auto much = random_bytes(70'000, 1);
    const Status too_long = co_await one.send(much, to);
    expect(too_long.error() == Error::OutOfRange, "a datagram that no ring holds");
    co_return Status{};
}

Task<Status> pings(Sockets& sockets) {
    EFT_CO_TRY(DatagramSocket socket, co_await sockets.open_ping());
    const Endpoint to{.address = kLoopback, .port = 0};
    const auto bytes = random_bytes(56, 5);
    std::array<std::byte, 56> buffer;
    for (u16 sequence : {u16{1}, u16{65535}}) {
        EFT_CO_CHECK(co_await socket.send(bytes, to, sequence));
        EFT_CO_TRY(const Datagram answer, co_await socket.receive(buffer));
        expect(answer.sequence == sequence && answer.bytes == 56 && std::equal(bytes.begin(), bytes.end(), buffer.begin()), "a ping");
    }
    co_return Status{};
}

Task<Status> interfaces(Sockets& sockets) {
    EFT_CO_TRY(const Interface first, sockets.next_interface(0));
    expect(first.index == 1 && first.name.starts_with("lo") && same(first.ipv4, kLoopback) && first.ipv4_prefix == 8, "the loopback");
    EFT_CO_TRY(const Interface none, sockets.next_interface(first.index));
    expect(none.index == 0, "there are no others");
    EFT_CO_CHECK(sockets.totals());
    co_return Status{};
}

Task<Status> all_of_it(Sockets& sockets, WakeLoop& loop) {
    constexpr u16 kPort = 80;
    const Endpoint local{.address = {}, .port = kPort};
    EFT_CO_CHECK(co_await interfaces(sockets));
    {
        EFT_CO_TRY(Listener listener, co_await sockets.listen(local));
        EFT_CO_CHECK(co_await both_ways(sockets, listener, kPort));
        EFT_CO_CHECK(co_await many_connections(sockets, listener, kPort));
        EFT_CO_CHECK(co_await errors(sockets, listener, kPort));
        EFT_CO_CHECK(co_await too_many(sockets, listener, kPort));
        EFT_CO_CHECK(co_await given_up(sockets, loop, listener, kPort));
    }
    EFT_CO_CHECK(co_await datagrams(sockets));
    EFT_CO_CHECK(co_await pings(sockets));
    // Until somebody stops the service.
    EFT_CO_TRY(DatagramSocket socket, co_await sockets.open_datagrams());
    client_outcome.waits = true;
    std::byte one;
    const Result<Datagram> nothing = co_await socket.receive({&one, 1});
    client_outcome.ended = nothing.error();
    const Result<DatagramSocket> held = co_await sockets.open_datagrams();
    expect(held.error() == Error::ServiceHeld, "a socket of a server that is not there");
    co_return Status{};
}

int use_everything() {
    static EFT_PROCESS_LOCAL WakeLoop loop;
    static EFT_PROCESS_LOCAL Sockets sockets(loop, kSizes);
    report_ready();
    const Status status = loop.run(all_of_it(sockets, loop));
    expect(status.ok(), error_text(status.error()).data());
    return 0;
}

// A session of the kind that most programs have.
Task<Status> as_a_guest(Sockets& sockets) {
    const Result<DatagramSocket> ping = co_await sockets.open_ping();
    expect(ping.error() == Error::PermissionDenied, "pings are for others", guest_outcome);
    const Endpoint low{.address = {}, .port = 1023}, high{.address = {}, .port = 1024};
    const Result<Listener> low_port = co_await sockets.listen(low);
    expect(low_port.error() == Error::PermissionDenied, "ports below 1024 are for others", guest_outcome);
    EFT_CO_TRY(Listener listener, co_await sockets.listen(high));
    co_return Status{};
}

int be_a_guest() {
    static EFT_PROCESS_LOCAL WakeLoop loop;
    static EFT_PROCESS_LOCAL Sockets sockets(loop, kSizes);
    report_ready();
    const Status status = loop.run(as_a_guest(sockets));
    expect(status.ok(), error_text(status.error()).data(), guest_outcome);
    return 0;
}

}  // namespace

TEST_CASE("programs have sockets, with each other and with nobody") {
    HostSystem system({{"net", eft_main_net, "client server"}, {"client", use_everything}, {"guest", be_a_guest}}, kManifest);
    CHECK(system.run_until([] { return client_outcome.waits || client_outcome.failed[0] != 0; }, 2000));
    CHECK(std::string(client_outcome.failed.data()) == "");
    CHECK(std::string(guest_outcome.failed.data()) == "");
    CHECK(guest_outcome.passed == 3);
    rs::Name net;
    net.name = "net";
    CHECK(system.rs().stop(net).ok());
    CHECK(system.run_until([&] { return system.state_of("client") == rs::ServiceState::Down; }, 2000));
    CHECK(client_outcome.ended == Error::ServiceHeld);
    CHECK(std::string(client_outcome.failed.data()) == "");
    CHECK(client_outcome.passed > 80);
    CHECK(system.machine.printed().empty());
}
