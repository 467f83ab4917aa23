// `fetch` from the host, while what carries its bytes dies: all of them come, in order, on the connection that it began with.
#include "network.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <regex>

using namespace eft::qemu;

namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;

struct Death {
    std::string service, signal;
    unsigned times, every_ms;
};

std::string text_of(const Death& death) {
    std::string text;
    for (unsigned i = 0; i < death.times; ++i) text += "service kill " + death.service + " --signal " + death.signal + "; sleep " + std::to_string(death.every_ms) + "; ";
    return text;
}

// What is printed, and what should be.
void fetch(Network& network, const std::string& host, std::uint64_t bytes, const std::string& meanwhile = {}) {
    const std::uint64_t seed = network.peer().counts().whole + 1;
    const std::string named = host.find(':') == std::string::npos ? host : "[" + host + "]";
    const std::string url = "http://" + named + ":" + std::to_string(network.peer().port()) + "/" + std::to_string(bytes) + "/" + std::to_string(seed);
    const auto start = std::chrono::steady_clock::now();
    const std::string printed = network.system().run("fetch --sum " + url + (meanwhile.empty() ? "" : " & " + meanwhile + "wait"), 120);
    MESSAGE(host, ", ", bytes, " bytes: ", std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start).count(), " ms; ", meanwhile);
    CHECK(printed == generated_sum(bytes, seed) + "  " + url + "  " + std::to_string(bytes) + " bytes\n");
}

void download_while_services_die(Network& network, const std::string& driver) {
    const long before = network.system().services().at(driver).restarts;
    for (const std::string& host : {kHostIpv4, kHostIpv6}) {
        fetch(network, host, 1);
        fetch(network, host, 16 * kMebibyte);
        for (const Death& death : {Death{driver, "kill", 6, 300}, {"net", "kill", 10, 200}}) fetch(network, host, 16 * kMebibyte, text_of(death));
    }
    for (const std::string& service : {driver, std::string("net")}) {
        for (const std::string signal : {"hang", "crash"}) fetch(network, kHostIpv4, 16 * kMebibyte, text_of({service, signal, 1, 100}));
    }
    CHECK(network.system().services().at(driver).restarts == before + 14);
    CHECK(network.lost() == 0);
    CHECK(network.recovered() > 0);
    const PeerCounts counts = network.peer().counts();
    CHECK_MESSAGE(counts.failed == 0, counts.first_failure);
    CHECK(counts.whole == 12);
    CHECK(network.shut_down() == "");
}

}  // namespace

TEST_CASE("downloads have the right sum over IPv4 and IPv6, and while the driver and the network server are killed, hang and crash") {
    Network network;
    download_while_services_die(network, "virtio_net");
}

TEST_CASE("the same over e1000") {
    Network network("e1000");
    // QEMU's card receives nothing for a second after its receive control register was written: a restart must not do that.
    const std::string said = network.system().run("service kill e1000; sleep 50; ping -c 1 10.0.2.2");
    std::smatch found;
    REQUIRE_MESSAGE(std::regex_search(said, found, std::regex("time=([0-9.]+) ms")), said);
    CHECK(std::stod(found[1]) < 500);
    download_while_services_die(network, "e1000");
}

// A peer that has to wait for its timer, of a second or more, is killed out of each of its attempts.
TEST_CASE_FIXTURE(Network, "between two deaths that are half a second apart bytes go on, in both directions") {
    constexpr std::uint64_t kLeast = 256 * 1024, kEach = 48 * kMebibyte;
    for (const std::string service : {"virtio_net", "net"}) {
        std::uint64_t least = ~std::uint64_t{0};
        unsigned deaths = 0;
        const std::uint64_t start = peer().moved();
        const auto kill = [&] {
            const std::uint64_t before = peer().moved();
            // Not before there is a connection: if QEMU's answer to a SYN is lost, it does not answer the repeated one for six seconds.
            if (before == start) return void(system().run("sleep 1"));
            system().run("service kill " + service + "; sleep 500");
            if (peer().idle()) return;
            least = std::min(least, peer().moved() - before);
            ++deaths;
        };
        report(dial(kHostIpv4, 1, 1, kEach, kEach), std::chrono::seconds(60), kill);
        MESSAGE(service, ": ", deaths, " deaths, at least ", least, " bytes between two");
        CHECK(deaths > 0);
        CHECK(least >= kLeast);
    }
    CHECK(lost() == 0);
    CHECK(shut_down() == "");
}
