// One end of test traffic (traffic_order.h): what others connect for, and what it is told to connect for, on as many
// connections at once as are wanted. It says nothing of deaths.
//
// With an address as its argument it connects there by itself, again and again, and logs what has become of all connections.
#include "traffic_order.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/socket/address.h>
#include <eft/socket/sockets.h>
#include <eft/text.h>

#include <array>
#include <memory>
#include <vector>

using namespace eft;
using socket::Sockets;
using socket::Stream;
using test::Order;
using test::Report;
using test::StreamBytes;

namespace {

constexpr socket::Sizes kSizes{.sockets = 240};
constexpr u32 kBacklog = 128;
constexpr std::size_t kPiece = 16 * 1024;

enum class Outcome : u8 { Whole, Damaged };

Task<Status> send(Stream& stream, u64 seed, u64 bytes) {
    const StreamBytes stream_bytes(seed);
    std::vector<std::byte> buffer(std::min<u64>(bytes, kPiece));
    for (u64 at = 0; at < bytes; at += buffer.size()) {
        buffer.resize(std::min<u64>(bytes - at, kPiece));
        stream_bytes.fill(buffer, at);
        EFT_CO_CHECK(co_await stream.write(buffer));
    }
    co_return stream.shutdown(socket::Directions::Send);
}

// To the end.
Task<Result<Outcome>> receive(Stream& stream, u64 seed, u64 bytes) {
    const StreamBytes stream_bytes(seed);
    std::vector<std::byte> buffer(std::min<u64>(bytes + 1, kPiece));
    bool matches = true;
    for (u64 at = 0;;) {
        EFT_CO_TRY(const u64 count, co_await stream.read(buffer));
        if (count == 0) co_return matches && at == bytes ? Outcome::Whole : Outcome::Damaged;
        matches = matches && stream_bytes.matches(std::span(buffer).first(count), at);
        at += count;
    }
}

struct Plan {
    u64 send_seed, send_bytes, receive_seed, receive_bytes;
};
Plan plan_of_caller(const Order& order) { return {order.seed, order.up, test::down_seed(order.seed), order.down}; }
Plan plan_of_called(const Order& order) { return {test::down_seed(order.seed), order.down, order.seed, order.up}; }

void note_failure(Report& report, Error error) {
    ++report.failed;
    if (report.first_error == 0) report.first_error = static_cast<u64>(error);
}

Task<void> exchange(Stream& stream, const Plan& plan, Report& report) {
    Task<Status> sending = send(stream, plan.send_seed, plan.send_bytes);
    sending.start();
    Task<Result<Outcome>> receiving = receive(stream, plan.receive_seed, plan.receive_bytes);
    const Result<Outcome> received = co_await receiving;
    const Status sent = co_await sending;
    if (!received.ok() || !sent.ok()) {
        note_failure(report, received.ok() ? sent.error() : received.error());
    } else if (*received == Outcome::Damaged) {
        note_failure(report, Error::BadFormat);
        ++report.damaged;
    } else {
        ++report.connections;
        report.sent += plan.send_bytes;
        report.received += plan.receive_bytes;
    }
}

template <class T>
std::span<std::byte> bytes_of(T& value) {
    return std::as_writable_bytes(std::span(&value, 1));
}

Task<Status> read_all(Stream& stream, std::span<std::byte> to) {
    while (!to.empty()) {
        EFT_CO_TRY(const u64 count, co_await stream.read(to));
        if (count == 0) co_return Error::BadFormat;
        to = to.subspan(count);
    }
    co_return Status{};
}

Task<Status> dial_one(Sockets& sockets, const Order& order, u64 number, Report& report) {
    socket::AddressBytes bytes;
    std::ranges::copy(order.address, bytes.begin());
    const socket::Endpoint peer{.address = socket::address_of(bytes), .port = order.port};
    EFT_CO_TRY(Stream stream, co_await sockets.connect(peer));
    std::array<std::byte, sizeof test::kReady> ready;
    if (order.awaits_ready != 0) EFT_CO_CHECK(co_await read_all(stream, ready));
    Order said = order;
    said.kind = Order::Kind::Exchange;
    said.seed = order.seed + number;
    EFT_CO_CHECK(co_await stream.write(bytes_of(said)));
    const Plan plan = plan_of_caller(said);
    co_await exchange(stream, plan, report);
    co_return Status{};
}

// One after another, until as many have begun as are wanted.
Task<void> dial_some(Sockets& sockets, const Order& order, u32& begun, Report& report) {
    while (begun < order.connections) {
        const Status dialled = co_await dial_one(sockets, order, begun++, report);
        if (!dialled.ok()) note_failure(report, dialled.error());
    }
}

Task<Report> dial(Sockets& sockets, const Order& order) {
    Report report;
    u32 begun = 0;
    std::vector<Task<void>> callers;
    for (u32 i = 0; i < order.at_once; ++i) callers.push_back(dial_some(sockets, order, begun, report));
    for (Task<void>& caller : callers) caller.start();
    for (Task<void>& caller : callers) co_await caller;
    co_return report;
}

Task<Status> serve(Sockets& sockets, Stream& stream, Report& report) {
    EFT_CO_CHECK(co_await stream.write(std::as_bytes(std::span(&test::kReady, 1))));
    Order order;
    EFT_CO_CHECK(co_await read_all(stream, bytes_of(order)));
    if (order.magic != Order::kMagic) co_return Error::BadFormat;
    if (order.kind == Order::Kind::Exchange) {
        const Plan plan = plan_of_called(order);
        co_await exchange(stream, plan, report);
        co_return Status{};
    }
    Report answer;
    if (order.kind == Order::Kind::Dial) answer = co_await dial(sockets, order);
    else answer = std::exchange(report, {});
    const Status told = co_await stream.write(bytes_of(answer));
    co_return told;
}

Task<void> serve_one(Sockets& sockets, Stream stream, Report& report) {
    const Status served = co_await serve(sockets, stream, report);
    if (!served.ok()) note_failure(report, served.error());
}

Task<int> serve_all(Sockets& sockets) {
    Report report;
    const socket::Endpoint everywhere{.address = {}, .port = test::kTrafficPort};
    Result<socket::Listener> listener = co_await sockets.listen(everywhere, kBacklog);
    if (!listener.ok()) panic("traffic cannot listen");
    log("traffic listens");
    for (;;) {
        Result<Stream> stream = co_await listener->accept();
        if (!stream.ok()) {
            log(socket::error_text(stream.error()));
            panic("traffic cannot accept");
        }
        start_detached(serve_one(sockets, std::move(*stream), report));
    }
}

// First until one is whole: the other machine, or this program, is being started.
Task<void> dial_for_ever(Sockets& sockets, socket::Address address) {
    Order order;
    order.up = 24'000;
    order.down = 16'000;
    order.connections = order.at_once = 1;
    order.port = test::kTrafficPort;
    order.awaits_ready = 1;
    std::ranges::copy(socket::bytes_of(address), order.address);
    while ((co_await dial(sockets, order)).connections == 0) continue;
    order.connections = 24;
    order.at_once = 8;
    for (Report all;; order.seed += order.connections) {
        const Report report = co_await dial(sockets, order);
        all.connections += report.connections;
        all.failed += report.failed;
        if (all.first_error == 0) all.first_error = report.first_error;
        FixedText<120> line("connections: ");
        line.decimal(all.connections).append(" whole, ").decimal(all.failed).append(" failed");
        if (all.failed != 0) line.append(", the first: ").append(socket::error_text(static_cast<Error>(all.first_error)));
        log(line.view());
    }
}

}  // namespace

int eft_main() {
    static WakeLoop loop;
    static Sockets sockets(loop, kSizes);
    report_ready();
    if (const std::string_view argument = field_text(config().arguments); !argument.empty()) {
        const Result<socket::Address> address = socket::parse_address(argument);
        if (!address.ok()) panic("the argument is no address");
        start_detached(dial_for_ever(sockets, *address));
    }
    return loop.run(serve_all(sockets));
}
