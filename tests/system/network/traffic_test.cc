// Connections in both directions, many at once and many one after another, both ends of which count what came of them.
#include "network.h"

#include <doctest/doctest.h>

using namespace eft::qemu;
using eft::test::Order;
using eft::test::Report;

namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr Duration kLong = std::chrono::minutes(2);

void check(Network& network, const Report& report, unsigned connections) {
    CHECK(report.failed == 0);
    CHECK(report.damaged == 0);
    CHECK(report.first_error == 0);
    CHECK(report.connections == connections);
    const PeerCounts counts = network.peer().counts();
    CHECK_MESSAGE(counts.failed == 0, counts.first_failure);
}

}  // namespace

TEST_CASE_FIXTURE(Network, "a connection carries bytes both ways at once") {
    check(*this, report(dial(kHostIpv4, 1, 1, 8 * kMebibyte, 8 * kMebibyte), kLong), 1);
    check(*this, report(dial(kHostIpv6, 1, 1, 8 * kMebibyte, 8 * kMebibyte), kLong), 1);
    CHECK(peer().counts().received == 16 * kMebibyte);
    CHECK(peer().counts().sent == 16 * kMebibyte);
    CHECK(shut_down() == "");
}

TEST_CASE_FIXTURE(Network, "200 connections at once, to the host and from it") {
    peer().gather(200);
    check(*this, report(dial(kHostIpv4, 200, 200, 50'000, 70'000), kLong), 200);
    CHECK(peer().counts().most_at_once >= 200);
    Order order;
    order.connections = order.at_once = 200;
    order.up = 70'000;
    order.down = 50'000;
    peer().gather(200);
    call_guest(order, kLong);
    check(*this, came_to_guest(200, kLong), 200);
    CHECK(peer().counts().whole == 400);
    CHECK(shut_down() == "");
}

TEST_CASE_FIXTURE(Network, "2000 connections one after another, to the host and from it") {
    check(*this, report(dial(kHostIpv4, 2000, 1, 10, 20), kLong), 2000);
    Order order;
    order.connections = 2000;
    order.at_once = 1;
    order.up = 20;
    order.down = 10;
    call_guest(order, kLong);
    check(*this, came_to_guest(2000, kLong), 2000);
    CHECK(peer().counts().whole == 4000);
    CHECK(shut_down() == "");
}
