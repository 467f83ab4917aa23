// The client's side of an area of sockets. The test plays the server, with the functions of layout.h: it reads what the client
// has written, and writes positions that are true, and others.
#include <eft/socket/address.h>
#include <eft/socket/client_area.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace eft;
using namespace eft::socket;

namespace {

constexpr Sizes kSizes{.sockets = 4, .receive_bytes = 65536, .send_bytes = 4096};
constexpr u64 kReserved = 4096;

std::span<const std::byte> bytes_of_text(std::string_view text) { return std::as_bytes(std::span(text)); }

// A session's two sides over one area.
struct Session {
    ClientArea client{kSizes};
    std::unique_ptr<std::byte[], void (*)(std::byte*)> memory{static_cast<std::byte*>(std::aligned_alloc(kPageSize, client.bytes(kReserved))),
                                                             [](std::byte* at) { std::free(at); }};
    AreaHead& head = *reinterpret_cast<AreaHead*>(memory.get());
    Opening opened[kSockets];

    Session() {
        std::memset(memory.get(), 0, client.bytes(kReserved));
        client.place({memory.get(), client.bytes(kReserved)}, kReserved);
    }
    Header& header(u32 number) { return head.headers[number]; }
    Bytes receive_ring(u32 number) { return {memory.get() + opened[number].receive_at, opened[number].receive_bytes}; }
    Bytes send_ring(u32 number) { return {memory.get() + opened[number].send_at, opened[number].send_bytes}; }

    void open(u32 number, Kind kind = Kind::Stream) {
        opened[number] = client.opening(number, kind);
        header(number).received = header(number).acknowledged = 0;
        header(number).conditions = header(number).error = 0;
        client.opened(number);
    }
    void give(u32 number, std::span<const std::byte> bytes) {
        receive_ring(number).copy_in(header(number).received, bytes);
        header(number).received += bytes.size();
    }
    void give(u32 number, const DatagramHead& datagram, std::string_view text) {
        const u64 at = header(number).received;
        receive_ring(number).copy_in(at, std::as_bytes(std::span(&datagram, 1)));
        receive_ring(number).copy_in(at + sizeof datagram, bytes_of_text(text));
        header(number).received += record_bytes(text.size());
    }
    void set(u32 number, Condition condition) { header(number).conditions |= static_cast<u32>(condition); }
    std::string read(u32 number, std::size_t most) {
        std::string text(most, ' ');
        const auto count = client.read(number, std::as_writable_bytes(std::span(text)));
        return count.ok() ? text.substr(0, *count) : std::string("error");
    }
    Error read_error(u32 number) {
        std::byte one;
        return client.read(number, {&one, 1}).error();
    }
    Error write_error(u32 number) { return client.write(number, bytes_of_text("x")).error(); }
    bool is_rung(u32 number) { return take_rung(head.server, number / 64) >> number % 64 & 1; }
};

}  // namespace

TEST_CASE("each number has its own place, and all of them fit") {
    Session session;
    std::vector<std::pair<u64, u64>> places{{0, kRingsAt + kReserved}};
    for (u32 number = 0; number < kSizes.sockets; ++number) {
        const Opening opening = session.client.opening(number, Kind::Stream);
        CHECK(opening.socket == number);
        CHECK(opening.receive_at % 64 == 0);
        CHECK(opening.send_at % 64 == 0);
        places.emplace_back(opening.receive_at, opening.receive_at + opening.receive_bytes);
        places.emplace_back(opening.send_at, opening.send_at + opening.send_bytes);
    }
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i) CHECK(places[i].first >= places[i - 1].second);
    CHECK(places.back().second == session.client.bytes(kReserved));
}

TEST_CASE("a number is free again when the server says so, and not before") {
    Session session;
    CHECK(session.client.is_free(2));
    session.open(2);
    CHECK(!session.client.is_free(2));
    CHECK(!session.client.any_closing());
    session.set(2, Condition::Free);  // of a socket that is open it says nothing
    CHECK(!session.client.is_free(2));
    session.header(2).conditions = 0;

    CHECK(session.client.close(2));
    CHECK(session.client.any_closing());
    CHECK(!session.client.is_free(2));
    CHECK(session.read_error(2) == Error::Cancelled);
    CHECK(session.write_error(2) == Error::Cancelled);
    session.set(2, Condition::Free);
    CHECK(session.client.is_free(2));
    CHECK(!session.client.any_closing());

    session.header(2).taken = session.header(2).submitted = 7;
    session.open(2);
    CHECK(session.header(2).taken == 0);
    CHECK(session.header(2).submitted == 0);
    CHECK(!session.client.is_free(2));
}

TEST_CASE("when the session is lost, open sockets are reset, and closed ones are free") {
    Session session;
    session.open(0);
    session.open(1);
    session.give(0, bytes_of_text("never read"));
    CHECK(session.client.close(1));
    session.client.set_unclosed(1, true);
    CHECK(session.client.is_unclosed(1));
    session.client.lose_all();
    CHECK(session.client.is_free(1));
    CHECK(!session.client.is_unclosed(1));
    CHECK(!session.client.is_free(0));
    CHECK(session.read_error(0) == Failure::ConnectionReset);
    CHECK(session.write_error(0) == Failure::ConnectionReset);
    CHECK(!session.client.close(0));  // the server does not know it
    CHECK(session.client.is_free(0));
}

TEST_CASE("bytes come out as they went in, over the end of the ring") {
    Session session;
    session.open(1);
    std::mt19937 random(1);
    std::vector<std::byte> sent, received, written, taken;
    for (unsigned turn = 0; turn < 3000; ++turn) {
        std::vector<std::byte> bytes(random() % 3000);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
        if (session.header(1).received - session.header(1).taken + bytes.size() <= kSizes.receive_bytes) {
            session.give(1, bytes);
            sent.insert(sent.end(), bytes.begin(), bytes.end());
        }
        std::vector<std::byte> buffer(1 + random() % 3000);
        const auto read = session.client.read(1, buffer);
        if (read.ok()) received.insert(received.end(), buffer.begin(), buffer.begin() + static_cast<long>(*read));
        else CHECK(read.error() == Error::WouldBlock);

        const auto count = session.client.write(1, bytes);
        if (count.ok()) written.insert(written.end(), bytes.begin(), bytes.begin() + static_cast<long>(*count));
        else CHECK(count.error() == Error::WouldBlock);
        CHECK(session.header(1).submitted - session.header(1).acknowledged <= kSizes.send_bytes);
        std::vector<std::byte> out(random() % (session.header(1).submitted - session.header(1).acknowledged + 1));
        if (!out.empty()) session.send_ring(1).copy_out(session.header(1).acknowledged, out);
        session.header(1).acknowledged += out.size();
        taken.insert(taken.end(), out.begin(), out.end());
    }
    CHECK(received.size() > 2'000'000);
    CHECK(std::equal(received.begin(), received.end(), sent.begin()));
    CHECK(written.size() > 2'000'000);
    CHECK(std::equal(taken.begin(), taken.end(), written.begin()));
}

TEST_CASE("the server is told of each write, and of reads when a quarter of the ring is free again") {
    Session session;
    session.open(3);
    CHECK(!session.is_rung(3));
    CHECK(session.client.write(3, bytes_of_text("hello")).ok());
    CHECK(!session.client.take_signal());  // it does not sleep
    CHECK(session.is_rung(3));

    CHECK(prepare_to_sleep(session.head.server));
    CHECK(session.client.write(3, bytes_of_text("hello")).ok());
    CHECK(session.client.take_signal());
    CHECK(!session.client.take_signal());
    CHECK(session.is_rung(3));

    const std::vector<std::byte> much(kSizes.receive_bytes / 4);
    session.give(3, much);
    CHECK(session.read(3, much.size() - 1).size() == much.size() - 1);
    CHECK(!session.is_rung(3));
    CHECK(session.read(3, 1).size() == 1);
    CHECK(session.is_rung(3));
}

TEST_CASE("the own bell wakes for each socket, and a ring is not slept through") {
    Session session;
    CHECK(session.client.prepare_to_sleep());
    CHECK(socket::ring(session.head.client, 3));
    CHECK(!socket::ring(session.head.client, 70));  // it was woken already
    CHECK(!session.client.prepare_to_sleep());
    CHECK(session.client.take_rung(0) == u64{1} << 3);
    CHECK(session.client.take_rung(1) == u64{1} << 6);
    CHECK(session.client.take_rung(1) == 0);
    CHECK(session.client.prepare_to_sleep());
}

TEST_CASE("what came before the end, or before a failure, is read first") {
    Session session;
    session.open(0);
    CHECK(session.read_error(0) == Error::WouldBlock);
    session.give(0, bytes_of_text("last words"));
    session.set(0, Condition::ReceiveEnded);
    CHECK(session.read(0, 4) == "last");
    CHECK(session.read(0, 100) == " words");
    CHECK(session.read(0, 100) == "");
    CHECK(session.read(0, 100) == "");
    CHECK(session.client.write(0, bytes_of_text("x")).ok());  // the other half is open
    session.set(0, Condition::SendEnded);
    CHECK(session.write_error(0) == Failure::NotConnected);

    session.open(1);
    session.give(1, bytes_of_text("x"));
    session.header(1).error = static_cast<u32>(Failure::ConnectionTimedOut);
    session.set(1, Condition::Failed);
    CHECK(session.read(1, 1) == "x");
    CHECK(session.read_error(1) == Failure::ConnectionTimedOut);
    CHECK(session.write_error(1) == Failure::ConnectionTimedOut);
    session.header(1).error = 0;  // of a failure that says nothing
    CHECK(session.read_error(1) == Failure::ConnectionReset);

    // Behind the peer's end a failure is the writer's only.
    session.open(2);
    session.give(2, bytes_of_text("x"));
    session.set(2, Condition::ReceiveEnded);
    session.set(2, Condition::Failed);
    CHECK(session.read(2, 1) == "x");
    CHECK(session.read(2, 1) == "");
    CHECK(session.write_error(2) == Failure::ConnectionReset);
}

TEST_CASE("an open socket that the server says is free fails, and nobody waits for it") {
    Session session;
    session.open(0);
    session.set(0, Condition::Free);
    CHECK(session.read_error(0) == Error::ProtocolViolation);
    CHECK(session.write_error(0) == Error::ProtocolViolation);
    CHECK(session.client.acceptable(0).error() == Error::ProtocolViolation);
}

TEST_CASE("a full send ring takes no more than it has room for") {
    Session session;
    session.open(0);
    const std::vector<std::byte> much(kSizes.send_bytes + 100);
    CHECK(*session.client.write(0, much) == kSizes.send_bytes);
    CHECK(session.write_error(0) == Error::WouldBlock);
    CHECK(*session.client.write(0, {}) == 0);
    session.header(0).acknowledged = 10;
    CHECK(*session.client.write(0, much) == 10);
}

TEST_CASE("positions that cannot be true are the server's fault, and nothing is read or written there") {
    Session session;
    for (const u64 received : {u64{kSizes.receive_bytes} + 1, ~u64{0}, u64{1} << 32}) {
        session.open(0);
        session.header(0).received = received;
        CHECK(session.read_error(0) == Error::ProtocolViolation);
    }
    session.open(0);
    session.give(0, bytes_of_text("four"));
    CHECK(session.read(0, 4) == "four");
    session.header(0).received = 3;  // goes back
    CHECK(session.read_error(0) == Error::ProtocolViolation);
    session.header(0).acknowledged = 1;  // of nothing
    CHECK(session.write_error(0) == Error::ProtocolViolation);

    session.open(1, Kind::Datagram);
    std::byte buffer[64];
    for (const u32 bytes : {41u, 1000u, ~0u}) {
        session.open(1, Kind::Datagram);
        session.give(1, {.bytes = bytes, .port = 1, .sequence = 0, .address = {}}, std::string(40, 'x'));
        CHECK(session.client.receive(1, buffer).error() == Error::ProtocolViolation);
    }
    session.open(1, Kind::Datagram);
    session.header(1).received = sizeof(DatagramHead) - 1;  // half a head
    CHECK(session.client.receive(1, buffer).error() == Error::WouldBlock);
}

TEST_CASE("datagrams keep their bounds and their senders, over the end of the ring") {
    Session session;
    session.open(2, Kind::Datagram);
    const Address from = ipv4(192, 0, 2, 1);
    std::mt19937 random(2);
    for (unsigned turn = 0; turn < 2000; ++turn) {
        const std::string text(random() % 1500, static_cast<char>('a' + turn % 26));
        session.give(2, {.bytes = static_cast<u32>(text.size()), .port = 53, .sequence = static_cast<u16>(turn), .address = from}, text);
        std::string buffer(random() % 1500, ' ');
        const auto datagram = session.client.receive(2, std::as_writable_bytes(std::span(buffer)));
        REQUIRE(datagram.ok());
        CHECK(datagram->bytes == text.size());
        CHECK(datagram->sequence == static_cast<u16>(turn));
        CHECK(datagram->from.port == 53);
        CHECK(same(datagram->from.address, from));
        buffer.resize(std::min(buffer.size(), text.size()));
        CHECK(buffer == text.substr(0, buffer.size()));

        REQUIRE(session.client.send(2, {from, 7}, static_cast<u16>(turn), bytes_of_text(text)).ok());
        const u64 at = session.header(2).acknowledged;
        DatagramHead head;
        session.send_ring(2).copy_out(at, std::as_writable_bytes(std::span(&head, 1)));
        CHECK(head.bytes == text.size());
        CHECK(head.port == 7);
        CHECK(head.sequence == static_cast<u16>(turn));
        std::string sent(text.size(), ' ');
        if (!sent.empty()) session.send_ring(2).copy_out(at + sizeof head, std::as_writable_bytes(std::span(sent)));
        CHECK(sent == text);
        CHECK(session.header(2).submitted == at + record_bytes(text.size()));
        session.header(2).acknowledged = session.header(2).submitted;
    }
    CHECK(session.client.receive(2, {}).error() == Error::WouldBlock);
    const std::string longest(kSizes.send_bytes - sizeof(DatagramHead), 'x');
    CHECK(session.client.send(2, {from, 7}, 0, bytes_of_text(longest + "x")).error() == Error::OutOfRange);
    CHECK(session.client.send(2, {from, 7}, 0, bytes_of_text(longest)).ok());
    CHECK(session.client.send(2, {from, 7}, 0, {}).error() == Error::WouldBlock);
}
