// A connection goes on whose one end, or the other, has nothing left of it but its record.
#include "wire.h"

#include <doctest/doctest.h>

#include "lwip/priv/tcp_priv.h"

using namespace eft::net;

namespace {

bool is_closed(const End& end) { return end.state() == CLOSED || end.state() == TIME_WAIT; }

// Answers how often an end has died.
unsigned exchange(unsigned seed, eft::u64 bytes, unsigned chance, bool ipv6 = false) {
    CAPTURE(seed);
    Wire wire(seed, ipv6);
    const std::string up = pattern(bytes, seed * 2), down = pattern(bytes / 2, seed * 2 + 1);
    wire.active.send(up), wire.passive.send(down);
    const bool done = wire.run([&] { return wire.active.peer_has_ended() && wire.passive.peer_has_ended() && is_closed(wire.active) && is_closed(wire.passive); }, chance);
    CHECK(done);
    CHECK_FALSE(wire.active.has_failed());
    CHECK_FALSE(wire.passive.has_failed());
    CHECK((wire.passive.received() == up));
    CHECK((wire.active.received() == down));
    return wire.deaths();
}

}  // namespace

TEST_CASE("without a death all bytes arrive, and both ends close") { CHECK(exchange(1, 300000, 0) == 0); }

TEST_CASE("ends die in one of four turns, in every state from the SYN to the last acknowledgement: nothing is lost or doubled") {
    unsigned deaths = 0;
    for (unsigned seed = 1; seed <= 600; ++seed) deaths += exchange(seed, 20000, 4, seed % 3 == 0);
    CHECK(deaths > 3000);
}

TEST_CASE("a long exchange goes on over many deaths") { CHECK(exchange(7, 1000000, 10) > 10); }

TEST_CASE("a record says all of a control block that lasts") {
    for (const bool ipv6 : {false, true}) {
        Wire wire(5, ipv6);
        REQUIRE(wire.run([&] { return wire.active.is_connected() && wire.passive.is_connected(); }, 0));
        for (End* end : {&wire.active, &wire.passive}) {
            end->record();
            TcpRecord before = end->recorded();
            end->die();
            end->recover();
            end->record();
            const TcpRecord after = end->recorded();
            CHECK(before.flags == (TF_WND_SCALE | TF_TIMESTAMP | TF_SACK));
            CHECK(before.send_scale != 0);
            CHECK(!is_any(end->ends().local));
            CHECK(static_cast<int>(after.announced_edge - before.announced_edge) >= 0);  // never taken back
            before.announced_edge = after.announced_edge;
            CHECK((before == after));
        }
    }
}

TEST_CASE("an address is the same behind lwIP's form of it") {
    const Address any, ipv4{0, 0x0403'0201'ffff'0000}, ipv6{0x1122'3344'5566'7788, 0x99aa'bbcc'ddee'ff00};
    for (const Address& each : {any, ipv4, ipv6}) CHECK(same(address_of(lwip_address(each)), each));
    const ip_addr_t all = lwip_address(any), four = lwip_address(ipv4), six = lwip_address(ipv6);
    CHECK(IP_IS_ANY_TYPE_VAL(all));
    REQUIRE(IP_IS_V4_VAL(four));
    CHECK(ip4_addr1_val(*ip_2_ip4(&four)) == 1);
    CHECK(ip4_addr4_val(*ip_2_ip4(&four)) == 4);
    REQUIRE(IP_IS_V6_VAL(six));
    CHECK(IP6_ADDR_BLOCK1(ip_2_ip6(&six)) == 0x8877);
    CHECK(IP6_ADDR_BLOCK8(ip_2_ip6(&six)) == 0xaa99);
}
