#include "network_figures.h"

#include <machine.h>
#include <port.h>
#include <prompt.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace eft::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr unsigned kEcho = 7, kDiscard = 9, kChargen = 19;
constexpr std::size_t kTransfer = 64 << 20, kPiece = 64 << 10;
constexpr unsigned kTransfers = 5, kTurns = 2000, kConnections = 300;
constexpr qemu::Duration kPatience = 60s;

double microseconds_since(Clock::time_point begun) { return std::chrono::duration<double, std::micro>(Clock::now() - begun).count(); }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// The ports of our loopback that lead to the guest's.
struct Ports {
    unsigned echo = qemu::free_loopback_port(), discard = qemu::free_loopback_port(), chargen = qemu::free_loopback_port();

    std::vector<qemu::Card> cards() const {
        const auto forward = [](unsigned host, unsigned guest) { return ",hostfwd=tcp:127.0.0.1:" + std::to_string(host) + "-:" + std::to_string(guest); };
        return {{.backend = "user" + forward(echo, kEcho) + forward(discard, kDiscard) + forward(chargen, kChargen)}};
    }
};

bool echoes(qemu::File& stream) {
    bool at_end = false;
    std::string answer;
    stream.write_all("x", qemu::after(kPatience));
    return stream.read_some(answer, qemu::after(kPatience), at_end) && !at_end;
}

void turn(qemu::File& stream) {
    if (!echoes(stream)) throw std::runtime_error("the guest does not echo");
}

// Before the guest has its address QEMU ends each connection.
void wait_for_guest(unsigned port) {
    const auto end = qemu::after(kPatience);
    for (;;) {
        qemu::File stream = qemu::connect_to(port);
        if (echoes(stream)) return;
        if (qemu::until(end) <= 0ms) throw std::runtime_error("the guest does not answer");
        std::this_thread::sleep_for(10ms);
    }
}

double round_trip(unsigned port) {
    qemu::File stream = qemu::connect_to(port);
    const int on = 1;
    setsockopt(stream.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::vector<double> times;
    for (unsigned i = 0; i < kTurns; ++i) {
        const auto begun = Clock::now();
        turn(stream);
        times.push_back(microseconds_since(begun));
    }
    return median(times);
}

double connection(unsigned port) {
    std::vector<double> times;
    for (unsigned i = 0; i < kConnections; ++i) {
        const auto begun = Clock::now();
        qemu::File stream = qemu::connect_to(port);
        turn(stream);
        times.push_back(microseconds_since(begun));
    }
    return median(times);
}

// Until the guest has taken all, and has said so by its end.
void send(unsigned port) {
    qemu::File stream = qemu::connect_to(port);
    const std::string piece(kPiece, '.');
    for (std::size_t sent = 0; sent < kTransfer; sent += kPiece) stream.write_all(piece, qemu::after(kPatience));
    qemu::end_writing(stream);
    qemu::read_to_end(stream, kPatience);
}

void receive(unsigned port) {
    qemu::File stream = qemu::connect_to(port);
    std::vector<char> piece(kPiece);
    for (std::size_t received = 0; received < kTransfer;) {
        const ssize_t count = recv(stream.descriptor(), piece.data(), piece.size(), 0);
        if (count <= 0) throw std::runtime_error("the guest ended too early");
        received += static_cast<std::size_t>(count);
    }
}

double best_rate(const std::function<void(unsigned)>& transfer, unsigned port) {
    double best = 0;
    for (unsigned i = 0; i < kTransfers; ++i) {
        const auto begun = Clock::now();
        transfer(port);
        best = std::max(best, kTransfer / microseconds_since(begun));
    }
    return best;
}

// Bytes a second, over a connection of its own.
double rate_to_guest(unsigned port, qemu::Duration time) {
    qemu::File stream = qemu::connect_to(port);
    const std::string piece(kPiece, '.');
    const auto begun = Clock::now();
    double sent = 0;
    for (; Clock::now() - begun < time; sent += kPiece) stream.write_all(piece, qemu::after(kPatience));
    qemu::end_writing(stream);
    qemu::read_to_end(stream, kPatience);
    return sent / microseconds_since(begun);
}

double rate_from_guest(unsigned port, qemu::Duration time) {
    qemu::File stream = qemu::connect_to(port);
    std::vector<char> piece(kPiece);
    const auto begun = Clock::now();
    double received = 0;
    while (Clock::now() - begun < time) {
        const ssize_t count = recv(stream.descriptor(), piece.data(), piece.size(), 0);
        if (count <= 0) throw std::runtime_error("a connection was lost");
        received += static_cast<double>(count);
    }
    return received / microseconds_since(begun);
}

// Kills a service again and again, in a thread of its own, from half an interval after the start on.
class Killer {
public:
    Killer(qemu::Prompt& prompt, const std::string& service, qemu::Duration interval) {
        thread_ = std::jthread([&prompt, service, interval](std::stop_token stop) {
            for (auto next = Clock::now() + interval / 2; !stop.stop_requested(); std::this_thread::sleep_for(1ms)) {
                if (Clock::now() < next) continue;
                next += interval;
                prompt.run("service kill " + service, kPatience);
            }
        });
    }

private:
    std::jthread thread_;
};

void measure(const Ports& ports, const std::string& suffix, Figures& figures) {
    wait_for_guest(ports.echo);
    figures["net.rtt" + suffix] = round_trip(ports.echo);
    figures["net.connect" + suffix] = connection(ports.echo);
    figures["net.rx" + suffix] = best_rate(send, ports.discard);
    figures["net.tx" + suffix] = best_rate(receive, ports.chargen);
}

void measure_eft(Figures& figures) {
    const Ports ports;
    qemu::Machine machine({.archive = EFT_BENCH_NETWORK, .cards = ports.cards()});
    qemu::Prompt(machine.console(), kPatience).run("service wait inet", kPatience);
    measure(ports, "", figures);
    qemu::shut_down(machine, kPatience);
}

void measure_linux(Figures& figures) {
    const std::string folder = EFT_BENCH_LINUX;
    if (!std::filesystem::exists(folder + "/bench-linux-services.initrd")) return;
    const Ports ports;
    qemu::Machine machine({.kernel = folder + "/vmlinuz", .archive = folder + "/bench-linux-services.initrd", .cards = ports.cards(), .extra = {"-append", "console=ttyS0 quiet"}});
    while (machine.console().read_line(kPatience).find("services are ready") == std::string::npos) continue;
    measure(ports, ".linux", figures);
}

}  // namespace

void measure_network_under_kills(Figures& figures) {
    struct Kills {
        const char* service;
        const char* name;
        qemu::Duration interval;
    };
    constexpr Kills kKills[] = {{"virtio_net", "1s", 1s}, {"virtio_net", "2s", 2s},   {"virtio_net", "5s", 5s}, {"virtio_net", "10s", 10s},
                                {"virtio_net", "15s", 15s}, {"net", "2s", 2s}, {"net", "200ms", 200ms}};
    constexpr qemu::Duration kLeast = 6s;
    const Ports ports;
    qemu::Machine machine({.archive = EFT_BENCH_NETWORK, .cards = ports.cards()});
    qemu::Prompt prompt(machine.console(), kPatience);
    wait_for_guest(ports.echo);
    for (const Kills& kills : kKills) {
        const qemu::Duration time = std::max<qemu::Duration>(kLeast, kills.interval);
        const auto part = [&](auto rate, unsigned port) {
            const double before = rate(port, time / 2);
            std::optional<Killer> killer(std::in_place, prompt, kills.service, kills.interval);
            const double disturbed = rate(port, time);
            killer.reset();
            return 2000 * disturbed / (before + rate(port, time / 2));
        };
        const std::string key = std::string(".") + kills.service + "." + kills.name;
        figures["kills.rx" + key] = part(rate_to_guest, ports.discard);
        figures["kills.tx" + key] = part(rate_from_guest, ports.chargen);
    }
    const std::string said = prompt.run("ip", kPatience);
    if (said.find("lost 0") == std::string::npos) throw std::runtime_error("connections were lost\n" + said);
    qemu::shut_down(machine, kPatience);
}

void measure_network(Figures& figures) {
    measure_eft(figures);
    measure_linux(figures);
}

}  // namespace eft::bench
