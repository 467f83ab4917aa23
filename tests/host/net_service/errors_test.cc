// Each call's errors, as idl/socket.fbs has them.
#include "raw_client.h"
#include "traffic.h"

using namespace eft;
using namespace eft::socket;
using namespace eft::test;

namespace {

// Sockets of one client, one in each state that calls tell apart.
enum : u32 { kFresh = 1, kBound, kListening, kConnected, kDatagram, kPing, kRefused, kClosed, kNoSocket = 256 };
constexpr u16 kBoundPort = 5000, kDatagramPort = 5002, kQuietPort = 5003;
constexpr Address kForeign = ipv4(192, 0, 2, 1);

struct Sockets {
    NetScene& scene;
    RawClient client{scene, 1, NetScene::SocketKind::Server}, other{scene, 2};

    void open_all() {
        REQUIRE(client.open(kFresh) == Error::None);
        REQUIRE(client.open(kBound) == Error::None);
        REQUIRE(client.bind(kBound, kBoundPort) == Error::None);
        REQUIRE(client.listen(kListening, kPort) == Error::None);
        REQUIRE(client.open(kConnected) == Error::None);
        REQUIRE(client.connect(kConnected, kPort) == Error::None);
        REQUIRE(client.open(kDatagram, Kind::Datagram) == Error::None);
        REQUIRE(client.bind(kDatagram, kDatagramPort) == Error::None);
        REQUIRE(client.open(kPing, Kind::Ping) == Error::None);
        REQUIRE(client.open(kRefused) == Error::None);
        REQUIRE(client.connect(kRefused, kQuietPort) == Failure::ConnectionRefused);
    }
};

// What a call is answered, if each is made of a client whose sockets are as open_all() left them.
struct Expected {
    const char* what;
    Error error;
    Error (*call)(RawClient& client);
};

Error open_with(RawClient& client, void (*change)(Opening&)) {
    Opening request = RawClient::opening(kClosed);
    change(request);
    const Error error = client.calls.open(request).error();
    if (error == Error::None) client.close(request.socket);
    return error;
}
Error set(RawClient& client, u32 number, Option option, u32 value) {
    return client.calls.set_option({.socket = number, .option = option, .value = value}).error();
}
Error shut(RawClient& client, u32 number) { return client.calls.shutdown({.socket = number, .directions = Directions::Send}).error(); }
Error listen(RawClient& client, u32 number, u32 backlog = 1) { return client.calls.listen({.socket = number, .backlog = backlog}).error(); }

const Expected kExpected[] = {
    {"Open: the number", Error::OutOfRange, [](RawClient& c) { return open_with(c, [](Opening& o) { o.socket = kNoSocket; }); }},
    {"Open: in use", Error::WrongState, [](RawClient& c) { return open_with(c, [](Opening& o) { o.socket = kFresh; }); }},
    {"Open: a place that is no multiple", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.send_at += 32; }); }},
    {"Open: a place among the headers", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.receive_at = 64; }); }},
    {"Open: a place behind the area", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.send_at = RawClient::kAreaBytes - 64; }); }},
    {"Open: a place far behind it", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.send_at = ~u32{63}; }); }},
    {"Open: no power of two", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.receive_bytes = 65536 + 64; }); }},
    {"Open: a small ring", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.send_bytes = 2048; }); }},
    {"Open: a small ring of a stream", Error::InvalidArgument, [](RawClient& c) { return open_with(c, [](Opening& o) { o.receive_bytes = 32768; }); }},
    {"Open: a small ring of datagrams", Error::None,
     [](RawClient& c) { return open_with(c, [](Opening& o) { o.kind = Kind::Datagram, o.receive_bytes = 4096; }); }},

    {"Bind: the number", Error::OutOfRange, [](RawClient& c) { return c.bind(kNoSocket, 6000); }},
    {"Bind: closed", Error::WrongState, [](RawClient& c) { return c.bind(kClosed, 6000); }},
    {"Bind: a port that is taken", to_error(Failure::AddressInUse), [](RawClient& c) { return c.bind(kFresh, kBoundPort); }},
    {"Bind: on one address", to_error(Failure::AddressInUse), [](RawClient& c) { return c.bind(kFresh, kBoundPort, kIpv4Self); }},
    {"Bind: a stranger's address", to_error(Failure::AddressNotAvailable), [](RawClient& c) { return c.bind(kFresh, 6000, kForeign); }},
    {"Bind: bound", to_error(Failure::AlreadyConnected), [](RawClient& c) { return c.bind(kBound, 6000); }},
    {"Bind: connected", to_error(Failure::AlreadyConnected), [](RawClient& c) { return c.bind(kConnected, 6000); }},
    {"Bind: a ping", to_error(Failure::WrongKind), [](RawClient& c) { return c.bind(kPing, 6000); }},

    {"Listen: the number", Error::OutOfRange, [](RawClient& c) { return listen(c, kNoSocket); }},
    {"Listen: closed", Error::WrongState, [](RawClient& c) { return listen(c, kClosed); }},
    {"Listen: not bound", to_error(Failure::NotConnected), [](RawClient& c) { return listen(c, kFresh); }},
    {"Listen: datagrams", to_error(Failure::WrongKind), [](RawClient& c) { return listen(c, kDatagram); }},
    {"Listen: connected", to_error(Failure::AlreadyConnected), [](RawClient& c) { return listen(c, kConnected); }},
    {"Listen: no backlog", Error::OutOfRange, [](RawClient& c) { return listen(c, kBound, 0); }},
    {"Listen: a backlog that is too long", Error::OutOfRange, [](RawClient& c) { return listen(c, kBound, 129); }},
    {"Listen: again", Error::None, [](RawClient& c) { return listen(c, kListening, 8); }},

    {"Shutdown: the number", Error::OutOfRange, [](RawClient& c) { return shut(c, kNoSocket); }},
    {"Shutdown: closed", Error::WrongState, [](RawClient& c) { return shut(c, kClosed); }},
    {"Shutdown: not connected", to_error(Failure::NotConnected), [](RawClient& c) { return shut(c, kFresh); }},
    {"Shutdown: a listener", to_error(Failure::NotConnected), [](RawClient& c) { return shut(c, kListening); }},

    {"Close: the number", Error::OutOfRange, [](RawClient& c) { return c.close(kNoSocket); }},
    {"Close: closed", Error::None, [](RawClient& c) { return c.close(kClosed); }},

    {"SetOption: the number", Error::OutOfRange, [](RawClient& c) { return set(c, kNoSocket, Option::NoDelay, 1); }},
    {"SetOption: closed", Error::WrongState, [](RawClient& c) { return set(c, kClosed, Option::NoDelay, 1); }},
    {"SetOption: NoDelay", Error::None, [](RawClient& c) { return set(c, kConnected, Option::NoDelay, 1); }},
    {"SetOption: NoDelay of datagrams", to_error(Failure::WrongKind), [](RawClient& c) { return set(c, kDatagram, Option::NoDelay, 1); }},
    {"SetOption: KeepAlive", Error::None, [](RawClient& c) { return set(c, kConnected, Option::KeepAlive, 60); }},
    {"SetOption: KeepAlive of datagrams", to_error(Failure::WrongKind), [](RawClient& c) { return set(c, kDatagram, Option::KeepAlive, 60); }},
    {"SetOption: KeepAlive, too long", Error::OutOfRange, [](RawClient& c) { return set(c, kConnected, Option::KeepAlive, 40'000); }},
    {"SetOption: ReuseAddress", Error::None, [](RawClient& c) { return set(c, kFresh, Option::ReuseAddress, 1); }},
    {"SetOption: Broadcast", Error::None, [](RawClient& c) { return set(c, kDatagram, Option::Broadcast, 1); }},
    {"SetOption: Broadcast of a stream", to_error(Failure::WrongKind), [](RawClient& c) { return set(c, kConnected, Option::Broadcast, 1); }},
    {"SetOption: TimeToLive", Error::None, [](RawClient& c) { return set(c, kPing, Option::TimeToLive, 255); }},
    {"SetOption: no TimeToLive", Error::OutOfRange, [](RawClient& c) { return set(c, kPing, Option::TimeToLive, 0); }},
    {"SetOption: TimeToLive, too long", Error::OutOfRange, [](RawClient& c) { return set(c, kPing, Option::TimeToLive, 256); }},

    {"Describe: the number", Error::OutOfRange, [](RawClient& c) { return c.calls.describe({.socket = kNoSocket}).error(); }},

    {"Connect: the number", Error::OutOfRange, [](RawClient& c) { return c.connect(kNoSocket, kPort); }},
    {"Connect: closed", Error::WrongState, [](RawClient& c) { return c.connect(kClosed, kPort); }},
    {"Connect: connected", to_error(Failure::AlreadyConnected), [](RawClient& c) { return c.connect(kConnected, kPort + 1); }},
    {"Connect: a listener", to_error(Failure::AlreadyConnected), [](RawClient& c) { return c.connect(kListening, kPort); }},
    {"Connect: a ping", to_error(Failure::WrongKind), [](RawClient& c) { return c.connect(kPing, kPort); }},
    {"Connect: to no address", to_error(Failure::AddressNotAvailable), [](RawClient& c) { return c.connect(kFresh, kPort, {}); }},
    {"Connect: to no port", to_error(Failure::AddressNotAvailable), [](RawClient& c) { return c.connect(kFresh, 0); }},
    {"Connect: where no route goes", to_error(Failure::Unreachable), [](RawClient& c) { return c.connect(kFresh, kPort, kForeign); }},
    {"Connect: refused, again", to_error(Failure::ConnectionRefused), [](RawClient& c) { return c.connect(kRefused, kQuietPort); }},

    {"Accept: the listener's number", Error::OutOfRange, [](RawClient& c) { return c.accept(kNoSocket, kFresh); }},
    {"Accept: the number", Error::OutOfRange, [](RawClient& c) { return c.accept(kListening, kNoSocket); }},
    {"Accept: no listener", to_error(Failure::NotConnected), [](RawClient& c) { return c.accept(kBound, kFresh); }},
    {"Accept: into a closed one", Error::WrongState, [](RawClient& c) { return c.accept(kListening, kClosed); }},
    {"Accept: into datagrams", to_error(Failure::WrongKind), [](RawClient& c) { return c.accept(kListening, kDatagram); }},
    {"Accept: into a bound one", to_error(Failure::AlreadyConnected), [](RawClient& c) { return c.accept(kListening, kBound); }},
    {"Accept: into a connected one", to_error(Failure::AlreadyConnected), [](RawClient& c) { return c.accept(kListening, kConnected); }},

    {"Resolve: no name", Error::InvalidArgument, [](RawClient& c) { return c.submit_resolve(""), c.next(); }},
    {"Resolve: a zero in it", Error::InvalidArgument, [](RawClient& c) { return c.submit_resolve(std::string_view("a\0b", 3)), c.next(); }},
    {"Resolve: too long", Error::InvalidArgument, [](RawClient& c) { return c.submit_resolve(std::string(256, 'a')), c.next(); }},
    {"Resolve: an address", Error::None, [](RawClient& c) { return c.submit_resolve("192.0.2.7"), c.next(); }},
    {"Resolve: where there is no name server", to_error(Failure::NoSuchName), [](RawClient& c) { return c.submit_resolve("example.org"), c.next(60); }},
};

}  // namespace

STAGE_CASE(NetScene, "each call has the errors that the interface names, and changes nothing then") {
    Sockets sockets{*this};
    sockets.open_all();
    const auto states = [&] {
        std::string text;
        for (u32 number = kFresh; number <= kClosed; ++number) text += std::to_string(static_cast<int>(sockets.client.state(number)));
        return text;
    };
    const std::string before = states();
    for (const Expected& each : kExpected) {
        CAPTURE(each.what);
        const Error error = each.call(sockets.client);
        CHECK(std::string(error_text(error)) == error_text(each.error));
        CHECK(states() == before);
    }
    // Those that need a session of another kind.
    CHECK(sockets.other.open(1, Kind::Ping) == Error::PermissionDenied);
    CHECK(sockets.other.open(1) == Error::None);
    CHECK(sockets.other.bind(1, 80) == Error::PermissionDenied);
    REQUIRE(sockets.client.open(kClosed) == Error::None);
    CHECK(sockets.client.bind(kClosed, 80) == Error::None);
}

STAGE_CASE(NetScene, "a client that has attached nothing has no sockets") {
    SocketClient<> client{session(SocketKind::Client, 1)};
    CHECK(client.open(RawClient::opening(1)).error() == Error::WrongState);
    CHECK(client.bind({.socket = 1}).error() == Error::WrongState);
    CHECK(client.describe({.socket = 1})->state == State::Free);
    CHECK(client.close({.socket = 1}).ok());
}

STAGE_CASE(NetScene, "what is attached again takes the place of what was, whose sockets end") {
    RawClient client(*this, 1);
    REQUIRE(client.listen(1, kPort) == Error::None);
    REQUIRE(client.open(2) == Error::None);
    client.submit_accept(1, 2);
    CHECK(client.attach() == Error::Busy);
    CHECK(client.close(1) == Error::None);
    CHECK(client.next() == Error::Cancelled);
    CHECK(client.attach(RawClient::kAreaBytes - 1) == Error::InvalidArgument);
    CHECK(client.state(2) == State::Open);
    CHECK(client.attach() == Error::None);
    CHECK(client.state(2) == State::Free);
    CHECK(observer.totals()->sockets == 0);
}

STAGE_CASE(NetScene, "a socket's description has the names of both ends") {
    RawClient client(*this, 1);
    REQUIRE(client.listen(1, kPort) == Error::None);
    REQUIRE(client.open(2) == Error::None);
    REQUIRE(client.open(3) == Error::None);
    client.submit_accept(1, 2);
    REQUIRE(client.connect(3, kPort) == Error::None);
    REQUIRE(client.next() == Error::None);
    const auto near = client.calls.describe({.socket = 3}), far = client.calls.describe({.socket = 2});
    CHECK(near->state == State::Connected);
    CHECK(far->state == State::Connected);
    CHECK(near->peer_port == kPort);
    CHECK(far->local_port == kPort);
    CHECK(near->local_port == far->peer_port);
    CHECK(near->local_port >= 49152);
    for (const auto& address : {near->local, near->peer, far->local, far->peer}) CHECK(same(address, kIpv4Self));
    CHECK(observer.totals()->connections == 2);
    const auto lo = client.calls.next_interface({.after = 0});
    CHECK(lo->up);
    CHECK(same(lo->ipv4, kIpv4Self));
    CHECK(client.calls.next_interface({.after = lo->index})->index == 0);
}

STAGE_CASE(NetScene, "who may see the sockets of everybody does, with what each waits for") {
    RawClient client(*this, 1), watcher(*this, 2, SocketKind::Control);
    CHECK(client.calls.next_socket({.after = 0}).error() == Error::PermissionDenied);
    CHECK(watcher.calls.next_socket({.after = 0})->index == 0);
    REQUIRE(client.listen(1, kPort) == Error::None);
    for (const u32 number : {2, 3, 4}) REQUIRE(client.open(number) == Error::None);
    REQUIRE(client.open(5, Kind::Datagram) == Error::None);
    REQUIRE(client.connect(3, kPort) == Error::None);
    client.say(3, 0, 100);
    pass(1);

    std::vector<SocketLine> lines;
    for (u32 index = 0;;) {
        const auto line = watcher.calls.next_socket({.after = index});
        REQUIRE(line.ok());
        if (line->index == 0) break;
        CHECK(line->index > index);
        index = line->index;
        lines.push_back(*line);
    }
    CHECK(watcher.calls.next_socket({.after = ~0u})->index == 0);
    REQUIRE(lines.size() == 6);
    const auto of = [&](u32 number) { return *std::ranges::find_if(lines, [&](const SocketLine& each) { return each.session == 1 && each.socket == number; }); };
    CHECK(of(1).tcp == TcpState::Listen);
    CHECK(of(1).local_port == kPort);
    CHECK(of(4).state == State::Open);
    CHECK(of(5).kind == Kind::Datagram);
    CHECK(of(3).tcp == TcpState::Established);
    CHECK(of(3).peer_port == kPort);
    CHECK(of(3).unacknowledged == 100);
    CHECK(of(3).send_window == 0);  // nobody has accepted
    const auto waiting = std::ranges::find(lines, State::Waiting, &SocketLine::state);
    REQUIRE(waiting != lines.end());
    CHECK(waiting->session == 0);
    CHECK(waiting->peer_port == of(3).local_port);

    client.submit_accept(1, 2);
    client.submit_accept(1, 4);
    REQUIRE(client.next() == Error::None);
    pass(1000);
    const auto now = [&](u32 index) { return *watcher.calls.next_socket({.after = index - 1}); };
    CHECK(now(of(2).index).unread == 100);
    CHECK(now(of(3).index).unacknowledged == 0);
    CHECK(now(of(4).index).flags == SocketFlag::Accepts);
    CHECK(now(of(2).index).receive_window == RawClient::kReceiveBytes - 100);
    // What a client says of its ring is not believed.
    ring::write(client.header(2).taken, ~u64{0});
    CHECK(now(of(2).index).unread == 0);
}
