// inet: the small services that networks are tested with, over TCP and UDP: echo (RFC 862, port 7), discard (RFC 863, port 9)
// and chargen, the character generator (RFC 864, port 19).
//
// A connection that fails is that connection's end. A listener that fails is this program's: it is started again, and listens.
// Datagrams from ports below 1024 are not answered: two such services would answer each other for ever.
#include <eft/process.h>
#include <eft/socket/address.h>
#include <eft/socket/sockets.h>
#include <eft/text.h>

#include <array>
#include <memory>
#include <vector>

using namespace eft;
using socket::DatagramSocket;
using socket::Endpoint;
using socket::Listener;
using socket::Sockets;
using socket::Stream;

namespace {

constexpr u16 kEchoPort = 7, kDiscardPort = 9, kChargenPort = 19;
constexpr u16 kFirstAnswered = 1024;
constexpr u32 kBacklog = 64;
constexpr socket::Sizes kSizes{.sockets = 24, .receive_bytes = 256 * 1024, .send_bytes = 128 * 1024};
constexpr std::size_t kPiece = 16 * 1024;
constexpr std::size_t kLargestDatagram = 65507;

// The lines of RFC 864: 72 of the 95 printable characters, each line from one character further.
constexpr std::size_t kPrintable = 95, kLineBytes = 74;
constexpr std::array<char, kPrintable * kLineBytes> kPattern = [] {
    std::array<char, kPrintable * kLineBytes> pattern{};
    for (std::size_t line = 0; line < kPrintable; ++line) {
        char* const at = pattern.data() + line * kLineBytes;
        for (std::size_t i = 0; i < kLineBytes - 2; ++i) at[i] = static_cast<char>(' ' + (line + i) % kPrintable);
        at[kLineBytes - 2] = '\r';
        at[kLineBytes - 1] = '\n';
    }
    return pattern;
}();

Task<Status> echo(Stream& stream) {
    std::vector<std::byte> buffer(kPiece);
    for (;;) {
        EFT_CO_TRY(const u64 count, co_await stream.read(buffer));
        if (count == 0) co_return Status{};
        EFT_CO_CHECK(co_await stream.write(std::span(buffer).first(count)));
    }
}

Task<Status> discard(Stream& stream) {
    std::vector<std::byte> buffer(kPiece);
    for (;;) {
        EFT_CO_TRY(const u64 count, co_await stream.read(buffer));
        if (count == 0) co_return Status{};
    }
}

Task<Status> generate(Stream& stream) {
    EFT_CO_CHECK(stream.shutdown(socket::Directions::Receive));
    constexpr std::size_t kTimes = 8;
    std::vector<char> lines;
    for (std::size_t i = 0; i < kTimes; ++i) lines.insert(lines.end(), kPattern.begin(), kPattern.end());
    for (;;) EFT_CO_CHECK(co_await stream.write(std::as_bytes(std::span(lines))));
}

using Serve = Task<Status> (*)(Stream&);

Task<void> serve_one(Stream stream, Serve serve) { [[maybe_unused]] const Status ended = co_await serve(stream); }

// Until the listener fails.
Task<Status> serve_streams(Sockets& sockets, u16 port, Serve serve) {
    const Endpoint local{.address = {}, .port = port};
    EFT_CO_TRY(Listener listener, co_await sockets.listen(local, kBacklog));
    for (;;) {
        Result<Stream> stream = co_await listener.accept();
        if (!stream.ok()) co_return stream.error();
        start_detached(serve_one(std::move(*stream), serve));
    }
}

// What is answered to a datagram, in its place; nothing: none.
using Answer = std::span<const std::byte> (*)(std::span<const std::byte> question);

std::span<const std::byte> same_bytes(std::span<const std::byte> question) { return question; }
std::span<const std::byte> no_bytes(std::span<const std::byte>) { return {}; }
// Of 0 to 512 bytes, another number each time.
std::span<const std::byte> some_lines(std::span<const std::byte>) {
    static unsigned turn = 0;
    constexpr unsigned kMostAnswered = 512, kStep = 197;
    turn = (turn + kStep) % (kMostAnswered + 1);
    return std::as_bytes(std::span(kPattern)).first(turn);
}

Task<Status> serve_datagrams(Sockets& sockets, u16 port, Answer answer) {
    const Endpoint local{.address = {}, .port = port};
    EFT_CO_TRY(DatagramSocket socket, co_await sockets.open_datagrams(local));
    std::vector<std::byte> buffer(kLargestDatagram);
    for (;;) {
        EFT_CO_TRY(const socket::Datagram datagram, co_await socket.receive(buffer));
        if (answer == no_bytes || datagram.from.port < kFirstAnswered) continue;
        const auto bytes = answer(std::span(buffer).first(std::min<std::size_t>(datagram.bytes, buffer.size())));
        const Status sent = co_await socket.send(bytes, datagram.from);
        if (sent.error() != Error::None && sent.error() != Error::OutOfRange) co_return sent.error();
    }
}

// The first of these that ends ends them all.
Task<void> tell_end(Task<Status> service, u16 port, Completion<int>& ended) {
    const Status status = co_await service;
    FixedText<80> line;
    log(line.append("port ").decimal(port).append(": ").append(socket::error_text(status.error())));
    ended.set(1);
}

Task<int> serve_all(Sockets& sockets) {
    Completion<int> ended;
    start_detached(tell_end(serve_streams(sockets, kEchoPort, echo), kEchoPort, ended));
    start_detached(tell_end(serve_streams(sockets, kDiscardPort, discard), kDiscardPort, ended));
    start_detached(tell_end(serve_streams(sockets, kChargenPort, generate), kChargenPort, ended));
    start_detached(tell_end(serve_datagrams(sockets, kEchoPort, same_bytes), kEchoPort, ended));
    start_detached(tell_end(serve_datagrams(sockets, kDiscardPort, no_bytes), kDiscardPort, ended));
    start_detached(tell_end(serve_datagrams(sockets, kChargenPort, some_lines), kChargenPort, ended));
    report_ready();
    const int status = co_await ended;
    co_return status;
}

}  // namespace

int eft_main() {
    static WakeLoop loop;
    static Sockets sockets(loop, kSizes);
    return loop.run(serve_all(sockets));
}
