#include "httpd/server.h"

#include <eft/process.h>

#include <algorithm>

namespace eft::httpd {

Task<Status> Server::run() {
    if (!ticker_.connect().ok()) log("there is no timer: nobody is told of what changes, and slow clients are not ended");
    EFT_CO_CHECK(feed_.connect());
    EFT_CO_TRY(socket::Listener listener, co_await listen());
    for (;;) {
        Result<socket::Stream> stream = co_await listener.accept();
        if (!stream.ok()) co_return stream.error();
        co_await site_.loop.yield();  // so that none of those that may be ended is the one that runs us
        co_await admit(std::move(*stream));
    }
}

// The sockets of an incarnation before us may take a moment to end.
Task<Result<socket::Listener>> Server::listen() {
    constexpr Error kInUse = static_cast<Error>(socket::Failure::AddressInUse);
    const socket::Endpoint local{.address = {}, .port = kPort};
    for (unsigned attempt = 0;; ++attempt) {
        Result<socket::Listener> listener = co_await sockets_.listen(local);
        if (listener.ok() || listener.error() != kInUse || attempt == 10 * kTicksPerSecond) co_return listener;
        ticker_.start();
        Waiter waiter(site_.ticked);
        [[maybe_unused]] const Status ticked = co_await waiter.woken;
    }
}

Task<void> Server::admit(socket::Stream stream) {
    constexpr std::string_view kComeAgain = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    sweep();
    if (!make_place()) {
        [[maybe_unused]] const Status sent = co_await stream.write(std::as_bytes(std::span(kComeAgain)));
        co_return;
    }
    ticker_.start();
    connections_.push_back(std::make_unique<Connection>(site_, std::move(stream)));
    connections_.back()->start();
}

bool Server::make_place() {
    if (connections_.size() < kConnections) return true;
    auto longest = connections_.end();
    for (auto each = connections_.begin(); each != connections_.end(); ++each)
        if ((*each)->is_idle() && (longest == connections_.end() || (*each)->since() < (*longest)->since())) longest = each;
    if (longest == connections_.end()) return false;
    connections_.erase(longest);
    return true;
}

void Server::sweep() {
    std::erase_if(connections_, [](const auto& each) { return each->has_ended() || each->is_late(); });
}

bool Server::on_tick() {
    ++site_.now;
    site_.ticked.wake_all({});
    sweep();
    feed_.on_tick();
    return !connections_.empty() || !site_.ticked.empty();
}

}  // namespace eft::httpd
