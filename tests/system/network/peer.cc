#include "peer.h"

#include "conversation.h"

#include <eft/sha256.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace eft::qemu {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("the peer: " + what + ": " + std::strerror(errno)); }

// A port of an address.
struct Name {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Name name_of(const std::string& address, std::uint16_t port) {
    Name name;
    sockaddr_in ipv4{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 ipv6{.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_flowinfo = 0, .sin6_addr = {}, .sin6_scope_id = 0};
    if (inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr) == 1) {
        std::memcpy(&name.storage, &ipv4, name.size = sizeof ipv4);
        return name;
    }
    if (inet_pton(AF_INET6, address.c_str(), &ipv6.sin6_addr) != 1) throw std::runtime_error("no address: " + address);
    if (IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr)) ipv6.sin6_scope_id = if_nametoindex("eth0");
    std::memcpy(&name.storage, &ipv6, name.size = sizeof ipv6);
    return name;
}

// Any port if it is 0. Not open: somebody has it.
File listen_on(const Name& name) {
    const int family = name.storage.ss_family, on = 1;
    File file(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!file.open()) fail("socket");
    if (family == AF_INET6) setsockopt(file.descriptor(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(file.descriptor(), name.get(), name.size) != 0) return {};
    if (listen(file.descriptor(), 1024) != 0) fail("listen");
    return file;
}

std::uint16_t port_of(const File& file) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    if (getsockname(file.descriptor(), reinterpret_cast<sockaddr*>(&name), &size) != 0) fail("getsockname");
    return ntohs(name.sin_port);
}

const std::string kLoopback = "127.0.0.1";

// The connection to the guest, or to what QEMU forwards to it, made or being made. There its own port is one that no other socket
// has: Linux gives the same one to connections that lead to different ports, QEMU shows the guest this port as it is, and all that
// it forwards leads to one port there. So the guest would have two connections of the same name, and one of them would wait for
// ever.
File connect_to(const std::string& guest, std::uint16_t port, int flags) {
    const Name own = name_of(kLoopback, 0), to = name_of(guest, port);
    File file(socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!file.open()) fail("socket");
    if (guest == kLoopback && bind(file.descriptor(), own.get(), own.size) != 0) fail("bind");
    if (connect(file.descriptor(), to.get(), to.size) != 0 && errno != EINPROGRESS) fail("connect");
    return file;
}

}  // namespace

GuestOrder::GuestOrder(std::uint16_t port, const test::Order& order) : GuestOrder(kLoopback, port, order) {}
GuestOrder::GuestOrder(const std::string& guest, std::uint16_t port, const test::Order& order) : file_(connect_to(guest, port, 0)), order_(order) {}

Peer::Peer() : guest_(kLoopback) {
    constexpr int kAttempts = 16;  // until a port is free in both families
    bool listens = false;
    for (int i = 0; i < kAttempts && !listens; ++i) {
        listeners_[0] = listen_on(name_of(kLoopback, 0));
        if (!listeners_[0].open()) fail("bind");
        port_ = port_of(listeners_[0]);
        listeners_[1] = listen_on(name_of("::1", port_));
        listens = listeners_[1].open();
    }
    if (!listens) fail("bind for IPv6");
    thread_ = std::thread([this] { run(); });
}

Peer::Peer(const std::string& guest, std::uint16_t port) : guest_(guest), port_(port) {
    listeners_[0] = listen_on(name_of("0.0.0.0", port));
    listeners_[1] = listen_on(name_of("::", port));
    if (!listeners_[0].open() || !listeners_[1].open()) fail("bind");
    thread_ = std::thread([this] { run(); });
}

Peer::~Peer() {
    stopped_ = true;
    thread_.join();
}

void Peer::dial(std::vector<std::uint16_t> ports, const test::Order& order) {
    const std::lock_guard lock(mutex_);
    dialled_ = order;
    dialled_ports_ = std::move(ports);
    begun_ = 0;
}

PeerCounts Peer::counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
}

bool Peer::idle() {
    const std::lock_guard lock(mutex_);
    return begun_ == dialled_.connections && open_ == 0;
}

void Peer::run() {
    constexpr int kLook = 3;  // ms, at what the others of our functions have set
    while (!stopped_) {
        std::vector<pollfd> entries;
        for (const File& listener : listeners_) entries.push_back({listener.descriptor(), POLLIN, 0});
        const bool held = conversations_.size() < gathered_;
        if (!held) gathered_ = 0;
        for (const auto& each : conversations_) entries.push_back({each->descriptor(), each->awaited(held), 0});
        if (poll(entries.data(), entries.size(), kLook) < 0 && errno != EINTR) break;
        auto entry = entries.begin() + 2;
        for (auto each = conversations_.begin(); each != conversations_.end(); ++entry) {
            const std::uint64_t before = (*each)->sent() + (*each)->received();
            if (entry->revents != 0) (*each)->go_on(held);
            moved_ += (*each)->sent() + (*each)->received() - before;
            if ((*each)->ended()) {
                count(**each);
                each = conversations_.erase(each);
            } else {
                ++each;
            }
        }
        for (const File& listener : listeners_) accept_all(listener);
        dial_more();
    }
}

void Peer::accept_all(const File& listener) {
    for (;;) {
        File file(accept4(listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!file.open()) return;
        conversations_.push_back(std::make_unique<Conversation>(std::move(file)));
    }
}

// QEMU listens with a backlog of 1: of more connections that it has not accepted yet, Linux forgets some and does not tell them.
std::uint16_t Peer::free_port() const {
    for (const std::uint16_t port : dialled_ports_)
        if (std::ranges::none_of(conversations_, [&](const auto& each) { return each->is_begun_at(port); })) return port;
    return 0;
}

void Peer::dial_more() {
    const std::lock_guard lock(mutex_);
    while (begun_ < dialled_.connections && conversations_.size() < dialled_.at_once) {
        const std::uint16_t port = free_port();
        if (port == 0) break;
        test::Order order = dialled_;
        order.seed += begun_++;
        conversations_.push_back(std::make_unique<Conversation>(connect_to(guest_, port, SOCK_NONBLOCK), port, order));
    }
    open_ = conversations_.size();
    counts_.most_at_once = std::max<std::uint64_t>(counts_.most_at_once, open_);
}

void Peer::count(const Conversation& ended) {
    const std::lock_guard lock(mutex_);
    if (ended.failure().empty()) {
        ++counts_.whole;
        counts_.sent += ended.sent();
        counts_.received += ended.received();
    } else {
        ++counts_.failed;
        if (counts_.first_failure.empty()) counts_.first_failure = ended.failure();
    }
}

bool GuestOrder::reported(Duration within) {
    const Deadline deadline = after(within);
    bool at_end = false;
    while (answer_.size() < sizeof test::kReady + sizeof(test::Report)) {
        if (!file_.read_some(answer_, deadline, at_end)) return false;
        if (!std::exchange(is_sent_, true)) file_.write_all({reinterpret_cast<const char*>(&order_), sizeof order_}, after(std::chrono::seconds(10)));
        if (at_end) throw std::runtime_error("the guest has ended the connection for its report");
    }
    return true;
}

test::Report GuestOrder::report() const {
    test::Report report;
    std::memcpy(&report, answer_.data() + sizeof test::kReady, sizeof report);
    return report;
}

std::string generated_sum(std::uint64_t bytes, std::uint64_t seed) {
    const test::StreamBytes stream(seed);
    Sha256 sum;
    std::vector<std::byte> buffer;
    for (std::uint64_t at = 0; at < bytes; at += buffer.size()) {
        buffer.resize(std::min<std::uint64_t>(bytes - at, 65536));
        stream.fill(buffer, at);
        sum.update(buffer);
    }
    const auto digits = hex_digits(sum.finish());
    return {digits.begin(), digits.end()};
}

}  // namespace eft::qemu
