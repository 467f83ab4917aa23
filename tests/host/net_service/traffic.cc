#include "traffic.h"

#include <array>

namespace eft::test {

using socket::Sockets;
using socket::Stream;

namespace {

constexpr u64 kMostAtOnce = 997;

Task<Status> send_all(Stream& stream, const Exchange& what) {
    std::array<std::byte, kMostAtOnce> piece;
    for (u64 sent = 0, i = 1; sent < what.to_send; ++i) {
        const u64 bytes = std::min<u64>(what.to_send - sent, 1 + i * i * 31 % kMostAtOnce);
        for (u64 j = 0; j < bytes; ++j) piece[j] = byte_at(what.own_seed, sent + j);
        EFT_CO_CHECK(co_await stream.write(std::span(piece).first(bytes)));
        sent += bytes;
    }
    co_return stream.shutdown(socket::Directions::Send);
}

Task<Status> receive_all(Stream& stream, Exchange& what) {
    std::array<std::byte, 613> piece;
    for (;;) {
        EFT_CO_TRY(const u64 bytes, co_await stream.read(piece));
        what.peer_has_ended = bytes == 0;
        if (bytes == 0) co_return Status{};
        for (u64 i = 0; i < bytes; ++i) what.wrong += piece[i] != byte_at(what.peer_seed, what.received + i);
        what.received += bytes;
    }
}

Task<Status> call_and_exchange(Sockets& sockets, Exchange& what) {
    EFT_CO_TRY(Stream stream, co_await sockets.connect({.address = what.address, .port = kPort}));
    co_return co_await exchange(stream, what);
}

Task<Status> answer_and_exchange(Sockets& sockets, Exchange& what) {
    EFT_CO_TRY(socket::Listener listener, co_await sockets.listen({.address = what.address, .port = kPort}));
    EFT_CO_TRY(Stream stream, co_await listener.accept());
    co_return co_await exchange(stream, what);
}

}  // namespace

std::string complaint(const Exchange& what) {
    if (what.error == Error::None && what.received == what.to_receive && what.wrong == 0 && what.peer_has_ended) return "";
    return std::string(socket::error_text(what.error)) + ", received " + std::to_string(what.received) + " of " + std::to_string(what.to_receive) + ", wrong " +
           std::to_string(what.wrong) + (what.peer_has_ended ? ", to the end" : ", without an end");
}

Task<Status> exchange(Stream& stream, Exchange& what) {
    Task<Status> sending = send_all(stream, what);
    if (!what.receives_first) sending.start();
    EFT_CO_CHECK(co_await receive_all(stream, what));
    co_return co_await sending;
}

Task<void> call(Sockets& sockets, Exchange& what) {
    const Status status = co_await call_and_exchange(sockets, what);
    what.error = status.error();
}

Task<void> answer(Sockets& sockets, Exchange& what) {
    const Status status = co_await answer_and_exchange(sockets, what);
    what.error = status.error();
}

void check_exchange(NetScene& scene, Exchange calling, Exchange listening) {
    scene.add_client("listener", answer, listening);
    scene.pass(100);
    scene.add_client("caller", call, calling);
    CHECK(scene.pass_until([&] { return scene.all_finished(); }));
    CHECK(complaint(calling) == "");
    CHECK(complaint(listening) == "");
    scene.end_clients();
    CHECK(scene.nothing_left());
    CHECK(scene.only_old_connections());
}

}  // namespace eft::test
