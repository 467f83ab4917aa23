// The commands of the network at the prompt: with servers on this machine, with the guest itself, with nobody.
#include "network.h"

#include <doctest/doctest.h>

#include <eft/sha256.h>
#include <tcp_server.h>

#include <algorithm>
#include <random>
#include <regex>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

std::string random_text(std::size_t size) {
    std::mt19937 random(1);
    std::string text(size, '\0');
    for (char& each : text) each = static_cast<char>(random());
    return text;
}

std::string sum_of(std::string_view bytes) {
    const auto digits = eft::hex_digits(eft::Sha256::of(std::as_bytes(std::span(bytes))));
    return {digits.data(), digits.size()};
}

std::string whole(std::string_view body, std::string_view status = "200 OK", std::string_view field = "") {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(field) + "\r\n" + std::string(body);
}

// A shell's `until COMMAND`, at most for ten seconds: addresses come by DHCP after the start.
bool comes_true(System& system, const std::string& command) {
    for (int round = 0; round < 50; ++round) {
        system.run(command);
        if (system.status() == 0) return true;
        std::this_thread::sleep_for(200ms);
    }
    return false;
}

}  // namespace

TEST_CASE("a page is fetched in each form that it can have, and what is wrong is said") {
    const std::string big = random_text(8 << 20);
    const TcpServer server([&](File& stream) {
        serve_http(stream, [&](std::string_view path) -> std::string {
            if (path == "/text") return whole("one\ntwo\n");
            if (path == "/big") return whole(big);
            if (path == "/chunked") return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n";
            if (path == "/close") return "HTTP/1.0 200 OK\r\n\r\none\ntwo\n";
            if (path == "/moved") return whole("not here", "301 Moved Permanently", "Location: dir/../text\r\n");
            if (path == "/round") return whole("", "302 Found", "Location: /round\r\n");
            if (path == "/secure") return whole("", "302 Found", "Location: https://10.0.2.2/\r\n");
            if (path == "/short") return "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\none\n";
            if (path == "/mail") return "220 mail.example.org ESMTP\r\n";
            if (path == "/nothing") return "";
            return whole("there is no such page", "404 Not Found");
        });
    });
    System system({.cards = {Card{}}});
    const std::string base = "http://10.0.2.2:" + std::to_string(server.port());
    REQUIRE(comes_true(system, "fetch " + base + "/text"));
    for (const char* path : {"/text", "/chunked", "/close", "/moved"}) {
        CHECK(system.run("fetch " + base + path) == "one\ntwo\n");
        CHECK(system.status() == 0);
    }
    CHECK(system.run("fetch --sum " + base + "/big") == sum_of(big) + "  " + base + "/big  8388608 bytes\n");
    CHECK(system.run("fetch --sum " + base + "/moved") == sum_of("one\ntwo\n") + "  " + base + "/text  8 bytes\n");

    const std::pair<std::string, std::string> wrong[] = {
        {base + "/none", base + "/none: 404 Not Found"},
        {base + "/round", base + "/round: it leads to somewhere else again and again"},
        {base + "/secure", "https://10.0.2.2/: only http:// is known, without names and passwords"},
        {base + "/mail", base + "/mail: invalid constant string"},
        {base + "/nothing", base + "/nothing: it ends before an answer"},
        {"10.0.2.2/text", "10.0.2.2/text: it is no URL"},
        {"http://10.0.2.2:1/", "10.0.2.2:1: connection refused"},
    };
    for (const auto& [url, what] : wrong) {
        CHECK(system.run("fetch " + url) == "fetch: " + what + "\n");
        CHECK(system.status() == 1);
    }
    CHECK(system.run("fetch " + base + "/short") == "one\nfetch: " + base + "/short: stream ended at an unexpected time\n");
    CHECK(system.run("fetch") == "fetch: URL is missing; usage: fetch [--sum] URL\n");
}

TEST_CASE("a page comes whole while the network server and the driver are killed") {
    const std::string big = random_text(24 << 20);
    const TcpServer server([&](File& stream) { serve_http(stream, [&](std::string_view) { return whole(big); }); });
    System system({.cards = {Card{}}});
    const std::string url = "http://10.0.2.2:" + std::to_string(server.port()) + "/";
    REQUIRE(comes_true(system, "ping -c 1 10.0.2.2"));
    const std::string kills = "; sleep 200; service kill net; sleep 200; service kill virtio_net --signal crash";
    CHECK(system.run("fetch --sum " + url + " &" + kills.substr(1) + kills + kills + "; wait", 120) == sum_of(big) + "  " + url + "  25165824 bytes\n");
    CHECK(system.services().at("net").restarts == 3);
    CHECK(system.services().at("virtio_net").restarts == 3);
}

TEST_CASE("ip, ping and host") {
    System system({.cards = {Card{}}});
    CHECK(system.run("ping -c 2 127.0.0.1").find("\n2 sent, 2 answered, 0 % lost; least ") != std::string::npos);
    CHECK(system.run("ping -c 1 ::1").starts_with("56 bytes from ::1: seq=1 time="));
    REQUIRE(comes_true(system, "ping -c 1 10.0.2.2"));
    // The link-local address is shown when nobody else has said in a second that it is his (RFC 4862, 5.4); IPv4's may come earlier.
    std::string interfaces;
    for (int round = 0; round < 50 && interfaces.find("inet6 fe80::") == std::string::npos; ++round) {
        std::this_thread::sleep_for(100ms);
        interfaces = system.run("ip");
    }
    CHECK(interfaces.starts_with("1: lo: up, link, "));
    CHECK_MESSAGE(interfaces.find("mtu 1500, hardware 52:54:00:12:34:56\n    inet 10.0.2.15/24, gateway 10.0.2.2\n    inet6 fe80::5054:ff:fe12:3456, link-local\n") != std::string::npos, interfaces);
    CHECK(interfaces.find(", connections 0; over restarts: recovered 0, lost 0\n") != std::string::npos);
    const std::string none = system.run("ip sockets");
    CHECK(none.starts_with("KIND STATE "));
    CHECK(std::ranges::count(none, '\n') == 1);
    system.run("nc -l 5000 &");
    const std::string one = system.run("ip sockets");
    CHECK(std::regex_search(one, std::regex("\ntcp +listen +\\*:5000 +- +0 +0 +0/0 +\\d+\\.0\n$")));
    system.run("kill %1");
    CHECK(system.run("host localhost") == "localhost has address 127.0.0.1\nlocalhost has IPv6 address ::1\n");
    CHECK(system.run("host 2001:DB8::1") == "2001:DB8::1 has IPv6 address 2001:db8::1\n");
    CHECK(system.run("host no-such-name.invalid") == "host: no-such-name.invalid: no such name\n");
    CHECK(system.run("ping -c x 10.0.2.2") == "ping: x: a number of pings is wanted, 1 to 65535\n");

    // Nobody is there: each ping waits for its second, and Ctrl-C does not.
    CHECK(system.run("ping -c 1 10.0.2.99") == "seq=1: no answer\n1 sent, 0 answered, 100 % lost\n");
    CHECK(system.status() == 1);
    Console& console = system.machine().console();
    console.write("ping 10.0.2.99\r");
    console.read_until("seq=1: no answer", 10s);
    console.write("\x03");
    console.read_until("^C\neft> ", 1s);

    system.run("service stop net");
    CHECK(system.run("ip") == "ip: net: service held (net is down; service start net starts it)\n");
    CHECK(system.run("ping 127.0.0.1") == "ping: net: service held (net is down; service start net starts it)\n");
    system.run("service start net");
    REQUIRE(comes_true(system, "ping -c 1 127.0.0.1"));
}

TEST_CASE("nc talks both ways, to whoever is there and with whoever comes") {
    const TcpServer server([](File& stream) {
        stream.write_all("who is there?\n", after(10s));
        const std::string answer = read_to_end(stream, 30s);
        stream.write_all("hello, " + answer + "bye\n", after(10s));
    });
    System system({.cards = {{.backend = "user,hostfwd=tcp:127.0.0.1:0-:5000"}}});
    const unsigned forwarded = forwarded_port(system);
    const std::string port = std::to_string(server.port());
    REQUIRE(comes_true(system, "ping -c 1 10.0.2.2"));
    Console& console = system.machine().console();
    console.write("nc 10.0.2.2 " + port + "\r");
    console.read_until("who is there?\n", 10s);
    console.write("eXft\x1b[D\x1b[D\x7f\r\x04");
    console.read_until("hello, eft\nbye\neft> ", 10s);

    // Whoever waits at a port.
    console.write("nc -l 5000\r");
    console.read_line(5s);
    File caller;
    for (int round = 0; round < 50; ++round) {  // until it listens; QEMU closes what the guest refuses
        caller = connect_to(forwarded);
        caller.write_all("from outside\n", after(5s));
        std::this_thread::sleep_for(100ms);
        std::string probe;
        bool at_end = false;
        if (!caller.read_some(probe, after(100ms), at_end) && !at_end) break;
    }
    console.read_until("connected: 10.0.2.2:", 10s);
    console.read_until("from outside\n", 10s);
    console.write("from inside\r");
    std::string answer;
    for (bool at_end = false; answer.find('\n') == std::string::npos;) REQUIRE((caller.read_some(answer, after(10s), at_end) && !at_end));
    CHECK(answer == "from inside\n");
    end_writing(caller);
    console.read_until("eft> ", 10s);

    // It can be left, and a port that was left can be listened at again.
    for (int round = 0; round < 3; ++round) {
        console.write("nc -l 5000\r");
        console.read_line(5s);
        std::this_thread::sleep_for(100ms);
        console.write("\x03");
        console.read_until("^C\neft> ", 1s);
    }
    CHECK(system.run("nc 10.0.2.2 1") == "nc: 10.0.2.2: connection refused\n");
    CHECK(system.run("nc 10.0.2.2") == "nc: a host and a port, or -l and a port, are wanted\n");
    CHECK(system.run("nc 10.0.2.2 0") == "nc: 0: a port is wanted, 1 to 65535\n");
    CHECK(system.run("nc 10.0.2.2 " + port + " & sleep 300; echo typed").find("who is there?\n") != std::string::npos);  // the keyboard is not its own
}
