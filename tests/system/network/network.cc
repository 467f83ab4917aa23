#include "network.h"

#include <arpa/inet.h>

#include <regex>
#include <stdexcept>

namespace eft::qemu {
namespace {

// One for orders, and those of the peer.
constexpr unsigned kForwards = 17;

std::string backend() {
    std::string text = "user";
    for (unsigned i = 0; i < kForwards; ++i) text += ",hostfwd=tcp:127.0.0.1:0-:" + std::to_string(test::kTrafficPort);
    return text;
}

void set_address(test::Order& order, const std::string& host) {
    if (inet_pton(AF_INET6, host.c_str(), order.address) == 1) return;
    order.address[10] = order.address[11] = 0xff;
    if (inet_pton(AF_INET, host.c_str(), order.address + 12) != 1) throw std::runtime_error("no address: " + host);
}

}  // namespace

Network::Network(const std::string& device)
    : system_({.archive = std::string(EFT_TARGET_TREE) + "/network.archive", .cards = {capture_.of({.backend = backend(), .device = device})}}) {
    // Until it has its addresses.
    for (int look = 0; look < 100; ++look) {
        const std::string said = system_.run("ip");
        if (said.find("inet 10.0.2.") != std::string::npos && said.find("inet6 fec0:") != std::string::npos) return;
        system_.run("sleep 100");
    }
    throw std::runtime_error("the guest gets no addresses\n" + system_.run("ip; log net; log virtio_net; log e1000"));
}

std::vector<std::uint16_t> forwarded_ports(System& system) {
    static const std::regex kForward("HOST_FORWARD\\][^\\n]* 127\\.0\\.0\\.1 +(\\d+)");
    // QEMU has chosen them.
    const std::string said = system.machine().control().command("human-monitor-command", {{"command-line", "info usernet"}});
    std::vector<std::uint16_t> ports;
    for (auto found = std::sregex_iterator(said.begin(), said.end(), kForward); found != std::sregex_iterator(); ++found)
        ports.push_back(static_cast<std::uint16_t>(std::stoul((*found)[1])));
    if (ports.empty()) throw std::runtime_error("no port is forwarded\n" + said);
    return ports;
}
std::uint16_t forwarded_port(System& system) { return forwarded_ports(system).front(); }

const std::vector<std::uint16_t>& Network::ports() {
    if (ports_.empty()) ports_ = forwarded_ports(system_);
    return ports_;
}

test::Order Network::dial(const std::string& host, unsigned connections, unsigned at_once, std::uint64_t up, std::uint64_t down) const {
    test::Order order;
    order.kind = test::Order::Kind::Dial;
    order.up = up;
    order.down = down;
    order.seed = 1;
    order.connections = connections;
    order.at_once = at_once;
    order.port = peer_.port();
    set_address(order, host);
    return order;
}

test::Report Network::report(const test::Order& order, Duration within, const std::function<void()>& meanwhile) {
    GuestOrder asked(ports().front(), order);
    wait_until("the guest's report", within, [&] { return asked.reported(meanwhile ? Duration(0) : Duration(50)); }, meanwhile);
    wait_until("the end of the guest's connections", std::chrono::seconds(10), [&] { return peer_.idle(); }, {});
    return asked.report();
}

void Network::begin_calls(const test::Order& order) { peer_.dial({ports().begin() + 1, ports().end()}, order); }

void Network::call_guest(const test::Order& order, Duration within, const std::function<void()>& meanwhile) {
    begin_calls(order);
    wait_until("the end of the connections to the guest", within, [&] { return peer_.idle(); }, meanwhile);
}

test::Report Network::came_to_guest(unsigned connections, Duration within) {
    const Deadline deadline = after(within);
    test::Report sum;
    test::Order order;
    order.kind = test::Order::Kind::Tell;
    while (sum.connections + sum.failed < connections && until(deadline) > Duration(0)) {
        const test::Report more = report(order, until(deadline));
        sum.connections += more.connections;
        sum.failed += more.failed;
        sum.damaged += more.damaged;
        sum.sent += more.sent;
        sum.received += more.received;
        if (sum.first_error == 0) sum.first_error = more.first_error;
    }
    return sum;
}

std::string Network::shut_down() {
    system_.shut_down();
    return capture_.faults() + capture_.resets();
}

void Network::kill(const std::string& service, unsigned milliseconds) {
    constexpr int kLooks = 100;
    const std::uint64_t before = peer_.moved();
    system_.run("service kill " + service + "; sleep " + std::to_string(milliseconds));
    for (int look = 0; look < kLooks && peer_.moved() == before && !peer_.idle(); ++look) system_.run("sleep 20");
}

void Network::wait_until(const std::string& what, Duration within, const std::function<bool()>& done, const std::function<void()>& meanwhile) {
    const Deadline deadline = after(within);
    while (!done()) {
        if (until(deadline) <= Duration(0)) {
            const PeerCounts counts = peer_.counts();
            throw std::runtime_error(what + " does not come; of the peer's connections " + std::to_string(counts.whole) + " are whole, " + std::to_string(counts.failed) + " have failed: " +
                                     counts.first_failure + "\n" + system_.run("ip; ip sockets; service list; log net; log virtio_net; log traffic"));
        }
        if (meanwhile) meanwhile();
        else std::this_thread::sleep_for(Duration(5));
    }
}

long Network::number_behind(const std::string& word) {
    const std::string said = system_.run("ip");
    const std::size_t at = said.rfind(word);
    if (at == std::string::npos) throw std::runtime_error("`ip` does not say " + word + "\n" + said);
    return std::stol(said.substr(at + word.size()));
}

}  // namespace eft::qemu
