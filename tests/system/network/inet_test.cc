// echo, discard and chargen, as the machine serves them with images/manifest/inet.json.
#include "network.h"

#include <doctest/doctest.h>

#include <tcp_server.h>

#include <algorithm>
#include <random>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 60s;

struct Served {
    System system;
    unsigned port;

    explicit Served(unsigned guests_port)
        : system({.archive = EFT_TARGET_TREE "/inet.archive", .cards = {{.backend = "user,hostfwd=tcp:127.0.0.1:0-:" + std::to_string(guests_port)}}}), port(forwarded_port(system)) {
        system.run("service wait inet");
    }
};

std::string random_text(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (char& each : text) each = static_cast<char>(random());
    return text;
}

std::string echo_of(File stream, const std::string& text) {
    std::thread writing([&] {
        stream.write_all(text, after(kPatience));
        end_writing(stream);
    });
    const std::string answer = read_to_end(stream, kPatience);
    writing.join();
    return answer;
}
std::string echo_of(unsigned port, const std::string& text) { return echo_of(connect_to(port), text); }

}  // namespace

TEST_CASE("echo gives everything back, also while the network server dies, to one after another and to many at once") {
    Served machine(7);
    const std::string much = random_text(6 << 20, 1);
    std::string answer;
    std::thread asking([&] { answer = echo_of(machine.port, much); });
    for (int round = 0; round < 4; ++round) machine.system.run("sleep 150; service kill net");
    asking.join();
    CHECK(answer == much);
    for (unsigned i = 0; i < 60; ++i) CHECK(echo_of(machine.port, std::to_string(i)) == std::to_string(i));

    std::vector<std::thread> callers;
    std::vector<int> good(40);
    for (unsigned i = 0; i < good.size(); ++i) {
        callers.emplace_back([&good, i](File stream) {
            const std::string text = random_text(10'000 + i, i);
            good[i] = echo_of(std::move(stream), text) == text;
        }, connect_to(machine.port));
        std::this_thread::sleep_for(10ms);  // QEMU keeps one connection that it has not taken
    }
    for (std::thread& each : callers) each.join();
    CHECK(std::count(good.begin(), good.end(), 1) == static_cast<long>(good.size()));
    CHECK(machine.system.services().at("inet").restarts == 0);
    CHECK(machine.system.run("ip").find("lost 0\n") != std::string::npos);
}

TEST_CASE("discard takes everything and says nothing") {
    Served machine(9);
    CHECK(echo_of(machine.port, random_text(3 << 20, 2)).empty());
}

TEST_CASE("chargen says the lines of RFC 864, for as long as somebody listens") {
    Served machine(19);
    std::string pattern;
    for (unsigned line = 0; line < 95; ++line) {
        for (unsigned i = 0; i < 72; ++i) pattern.push_back(static_cast<char>(' ' + (line + i) % 95));
        pattern.append("\r\n");
    }
    for (int round = 0; round < 30; ++round) {  // more than inet has sockets
        File stream = connect_to(machine.port);
        std::string said;
        bool at_end = false;
        while (said.size() < 3 * pattern.size()) REQUIRE((stream.read_some(said, after(kPatience), at_end) && !at_end));
        CHECK(said.substr(0, 3 * pattern.size()) == pattern + pattern + pattern);
    }
}
