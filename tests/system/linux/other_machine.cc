// The only process of a Linux that is Eft's peer on a wire between two machines. What it is to do comes line by line over its
// console, and so do the answers, which begin with "#".
//
//   call CONNECTIONS AT_ONCE UP DOWN             connects to Eft: "# whole N failed N", and why the first of them failed
//   be-called CONNECTIONS AT_ONCE UP DOWN HOST   has Eft connect to HOST, one of this machine's addresses, and counts both ends:
//                                                "# guest N failed N damaged N error N; whole N failed N", and why
//   told CONNECTIONS                             what Eft has counted of so many connections that came: "# guest N failed N …"
//   counters                                     what Linux has counted of all: "# AttemptFails N, EstabResets N, InCsumErrors N"
#include <first_process.h>

#include <peer.h>

#include <arpa/inet.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

using namespace eft::linux_machine;
using eft::qemu::Peer;
using eft::qemu::PeerCounts;
using eft::test::Order;
using eft::test::Report;

namespace {

constexpr const char* kOwnAddress = "192.0.2.2";
constexpr const char* kGuest = "192.0.2.1";
constexpr std::uint16_t kPort = 7001;
constexpr eft::qemu::Duration kPatience = std::chrono::seconds(100);

// For as long as the test waits, at most.
template <class Done>
void wait_for(Done done) {
    for (const auto deadline = eft::qemu::after(kPatience); !done() && eft::qemu::until(deadline).count() > 0;) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::string text_of(const PeerCounts& before, const PeerCounts& now) {
    const bool has_failed = now.failed != before.failed;
    return "whole " + std::to_string(now.whole - before.whole) + " failed " + std::to_string(now.failed - before.failed) + (has_failed ? ": " + now.first_failure : "");
}

std::string text_of(const Report& report) {
    return "guest " + std::to_string(report.connections) + " failed " + std::to_string(report.failed) + " damaged " + std::to_string(report.damaged) + " error " +
           std::to_string(report.first_error);
}

std::istream& operator>>(std::istream& words, Order& order) { return words >> order.connections >> order.at_once >> order.up >> order.down; }

std::string call(Peer& peer, std::istream& words) {
    Order order;
    words >> order;
    const PeerCounts before = peer.counts();
    peer.dial({eft::test::kTrafficPort}, order);
    wait_for([&] { return peer.idle(); });
    return text_of(before, peer.counts());
}

Report report_of(const Order& order) {
    eft::qemu::GuestOrder asked(kGuest, eft::test::kTrafficPort, order);
    wait_for([&] { return asked.reported(std::chrono::milliseconds(50)); });
    return asked.reported({}) ? asked.report() : Report();
}

std::string be_called(Peer& peer, std::istream& words) {
    Order order;
    std::string host;
    words >> order >> host;
    order.kind = Order::Kind::Dial;
    order.seed = 1;
    order.port = kPort;
    if (inet_pton(AF_INET6, host.c_str(), order.address) != 1) {
        order.address[10] = order.address[11] = 0xff;
        inet_pton(AF_INET, host.c_str(), order.address + 12);
    }
    const PeerCounts before = peer.counts();
    const Report report = report_of(order);
    wait_for([&] { return peer.idle(); });
    return text_of(report) + "; " + text_of(before, peer.counts());
}

std::string told(std::istream& words) {
    std::uint64_t wanted = 0;
    words >> wanted;
    Order order;
    order.kind = Order::Kind::Tell;
    Report sum;
    wait_for([&] {
        const Report more = report_of(order);
        sum.connections += more.connections;
        sum.failed += more.failed;
        sum.damaged += more.damaged;
        sum.first_error = std::max(sum.first_error, more.first_error);
        return sum.connections + sum.failed >= wanted;
    });
    return text_of(sum);
}

// /proc/net/snmp has a line of names and one of numbers.
std::string counters() {
    std::ifstream file("/proc/net/snmp");
    std::string names, numbers;
    while (std::getline(file, names) && !names.starts_with("Tcp:")) continue;
    std::getline(file, numbers);
    std::istringstream name(names), number(numbers);
    std::string text, each, value;
    while (name >> each && number >> value)
        if (each == "AttemptFails" || each == "EstabResets" || each == "InCsumErrors") text += (text.empty() ? "" : ", ") + each + " " + value;
    return text;
}

std::string answer_to(Peer& peer, const std::string& line) {
    std::istringstream words(line);
    std::string order;
    words >> order;
    if (order == "call") return call(peer, words);
    if (order == "be-called") return be_called(peer, words);
    if (order == "told") return told(words);
    if (order == "counters") return counters();
    return "what is " + line + "?";
}

}  // namespace

int main() {
    load_modules();
    set_up_card({.address = kOwnAddress});
    mkdir("/proc", 0755);
    check(mount("proc", "/proc", "proc", 0, nullptr) == 0, "/proc");
    Peer peer(kGuest, kPort);
    std::cout << "# ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::string answer;
        try {
            answer = answer_to(peer, line);
        } catch (const std::exception& error) {
            answer = error.what();
        }
        std::cout << "# " << answer << std::endl;
    }
    return 0;
}
