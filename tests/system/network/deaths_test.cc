// Connections in both directions while the driver and the network server are killed without a pause, hang and crash: no end counts
// a connection that did not end in order.
#include "network.h"

#include <doctest/doctest.h>

#include <thread>

using namespace eft::qemu;
using eft::test::Order;
using eft::test::Report;

namespace {

constexpr Duration kLong = std::chrono::seconds(60);

struct Deaths {
    std::string service;
    unsigned every_ms;
};

// 16 connections each way at the same time, of so many bytes each way; many of them if they are short.
void exchange_meanwhile(Network& network, const Deaths& deaths, unsigned connections, std::uint64_t bytes) {
    constexpr unsigned kAtOnce = 16;
    const PeerCounts before = network.peer().counts();
    Order to_guest;
    to_guest.connections = connections;
    to_guest.at_once = kAtOnce;
    to_guest.up = to_guest.down = bytes;
    network.begin_calls(to_guest);
    constexpr unsigned kMost = 20;
    unsigned count = 0;
    const auto kill = [&] {
        if (count == kMost) return std::this_thread::sleep_for(Duration(50));
        network.kill(deaths.service, deaths.every_ms);
        ++count;
    };
    const auto start = std::chrono::steady_clock::now();
    const Report dialled = network.report(network.dial(kHostIpv4, connections, kAtOnce, bytes, bytes), kLong, kill);
    MESSAGE(deaths.service, " killed ", count, " times in ", std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start).count(), " ms");
    const Report came = network.came_to_guest(connections, kLong);
    for (const Report& each : {dialled, came}) {
        CHECK(each.connections == connections);
        CHECK(each.failed == 0);
        CHECK(each.damaged == 0);
        CHECK(each.first_error == 0);
    }
    const PeerCounts counts = network.peer().counts();
    CHECK(counts.whole - before.whole == 2 * connections);
    CHECK_MESSAGE(counts.failed == before.failed, counts.first_failure);
    CHECK(network.lost() == 0);
}

}  // namespace

TEST_CASE_FIXTURE(Network, "connections outlive deaths of the driver and of the network server") {
    exchange_meanwhile(*this, {"virtio_net", 300}, 16, 300'000);
    exchange_meanwhile(*this, {"net", 200}, 16, 300'000);
    CHECK(recovered() > 0);
    CHECK(shut_down() == "");
}

TEST_CASE_FIXTURE(Network, "many short connections outlive deaths of the network server") {
    exchange_meanwhile(*this, {"net", 200}, 200, 3'000);
    CHECK(shut_down() == "");
}
