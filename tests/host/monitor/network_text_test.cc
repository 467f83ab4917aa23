// What the commands of the network print.
#include "monitor/network_text.h"

#include <eft/socket/address.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::monitor;

TEST_CASE("an interface with all that it can have, and with nothing") {
    socket::Interface interface;
    interface.index = 2;
    interface.name = "eth\x1b";
    CHECK(interface_text(interface) ==
          "2: eth\\u001b: down, no link, mtu 0\n"
          "    received 0 frames, 0 bytes; sent 0 frames, 0 bytes; dropped 0\n");
    interface.name = "eth0";
    interface.up = interface.link = true;
    interface.mtu = 1500;
    interface.hardware = 0x5634'1200'5452;
    interface.ipv4 = socket::ipv4(10, 0, 2, 15);
    interface.ipv4_prefix = 24;
    CHECK(interface_text(interface).find("    inet 10.0.2.15/24\n") != std::string::npos);
    interface.gateway = socket::ipv4(10, 0, 2, 2);
    interface.ipv6_link = *socket::parse_address("fe80::5054:ff:fe12:3456");
    interface.ipv6 = *socket::parse_address("fec0::5054:ff:fe12:3456");
    interface.received_frames = 1, interface.received_bytes = 2, interface.sent_frames = 3, interface.sent_bytes = 4, interface.dropped = 5;
    CHECK(interface_text(interface) ==
          "2: eth0: up, link, mtu 1500, hardware 52:54:00:12:34:56\n"
          "    inet 10.0.2.15/24, gateway 10.0.2.2\n"
          "    inet6 fe80::5054:ff:fe12:3456, link-local\n"
          "    inet6 fec0::5054:ff:fe12:3456\n"
          "    received 1 frames, 2 bytes; sent 3 frames, 4 bytes; dropped 5\n");
    socket::Totals totals;
    totals.sockets = 1, totals.connections = 2, totals.recovered = 3, totals.lost = 4;
    CHECK(totals_text(totals) == "sockets 1, connections 2; over restarts: recovered 3, lost 4\n");
}

TEST_CASE("a socket is one line, in columns, and says what its state does not") {
    CHECK(sockets_head().starts_with("KIND STATE        LOCAL "));
    socket::SocketLine line;
    line.state = socket::State::Listening;
    line.tcp = socket::TcpState::Listen;
    line.local_port = 7;
    line.session = 7;
    CHECK(socket_text(line) == "tcp  listen       *:7                     -                       0       0       0/0           7.0\n");
    line.state = socket::State::Closing;
    line.tcp = socket::TcpState::TimeWait;
    line.flags = static_cast<socket::SocketFlag>(static_cast<u32>(socket::SocketFlag::PeerEnded) | static_cast<u32>(socket::SocketFlag::SendShut));
    line.local = line.peer = *socket::parse_address("10.0.2.15");
    line.peer_port = 49152;
    line.unread = 1, line.unacknowledged = 2, line.receive_window = 3, line.send_window = 4;
    line.session = 0;
    CHECK(socket_text(line) ==
          "tcp  time-wait    10.0.2.15:7             10.0.2.15:49152         1       2       3/4           -       its client has closed it, peer has ended\n");
    // Columns that are too narrow move the others.
    line.local = *socket::parse_address("2001:db8:1:2:3:4:5:6");
    line.kind = socket::Kind::Datagram;
    CHECK(socket_text(line).starts_with("udp  open         [2001:db8:1:2:3:4:5:6]:7 10.0.2.15:49152 "));
}

TEST_CASE("how long pings took") {
    CHECK(milliseconds_text(0) == "0.000 ms");
    CHECK(milliseconds_text(499) == "0.000 ms");
    CHECK(milliseconds_text(1'234'500) == "1.235 ms");
    CHECK(milliseconds_text(999'999'999) == "1000.000 ms");
    PingTimes times;
    CHECK(times.text() == "0 sent, 0 answered\n");
    times.add_sent();
    CHECK(times.text() == "1 sent, 0 answered, 100 % lost\n");
    times.add(3'000'000);
    times.add_sent();
    times.add(1'000'000);
    times.add_sent();
    CHECK(times.answers() == 2);
    CHECK(times.text() == "3 sent, 2 answered, 33 % lost; least 1.000, mean 2.000, most 3.000 ms\n");
}
