// Core servers end, at rest and in the middle of requests, and everybody goes on: what was open stays open, devices stay
// assigned, what is in progress is done once.
#include "service.h"

#include <doctest/doctest.h>

#include <array>

using namespace eft::qemu;

namespace {

const char* const kMortals[] = {"names", "dev", "proc", "rs", "mem"};

// Up again, with its restarts. Its heartbeats are missed within two seconds.
ServiceLine up_again(System& system, const std::string& server) {
    ServiceLine line = system.services().at(server);
    for (int round = 0; round < 40 && line.state != "up"; ++round) {
        system.run("sleep 100");
        line = system.services().at(server);
    }
    CHECK(line.state == "up");
    return line;
}

// Uses everything that they have a part in: new sessions and old ones, a driver's next incarnation, a spawned program's.
void work(System& system, Service& counter, const TestDisk& disk, long long& count) {
    CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
    CHECK(counter.call("Add", {{"amount", 1}}) == Json{{"value", ++count}});
    for (const std::string driver : {"virtio_blk", "hpet", "echo"}) {
        CAPTURE(driver);
        CHECK(system.run("service restart " + driver) == "");
        CHECK(up_again(system, driver).state == "up");
    }
    CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
    CHECK(system.run("rpc echo Say '{\"text\": \"still here\"}'").find("still here") != std::string::npos);
}

}  // namespace

TEST_CASE("core servers are killed, crash and hang, and nobody notices") {
    const TestDisk disk(8);
    System system({.disk = disk.path()});
    Service counter(system, "counter");
    long long count = 0;
    counter.call("Get");
    work(system, counter, disk, count);
    auto before = system.free();
    long deaths = 0;
    for (const char* signal : {"kill", "crash", "hang"}) {
        CAPTURE(signal);
        ++deaths;
        for (const char* server : kMortals) {
            CAPTURE(server);
            CHECK(system.run(std::string("service kill ") + server + " --signal " + signal) == "");
            if (std::string(signal) == "hang") system.run("sleep 2000");
            const ServiceLine line = up_again(system, server);
            CHECK(line.restarts == deaths);
            CHECK(line.incarnation == deaths + 1);
            work(system, counter, disk, count);
        }
        if (deaths == 1) before = system.free();
    }
    const auto after = system.free();
    for (const char* what : {"slots", "spaces", "objects"}) {
        CAPTURE(what);
        CHECK(after.at(what) == before.at(what));
    }
    const std::string info = system.run("service info dev");
    CHECK(info.find("last death: missed heartbeats (ordered)") != std::string::npos);
    CHECK(info.find("endpoint of dev, driver session") != std::string::npos);
    const std::string refused = system.run("service stop mem");
    CHECK(refused.find("a core server") != std::string::npos);
    CHECK(system.run("log root").find("names: died: missed heartbeats") != std::string::npos);
    system.shut_down();
}

// One in so many calls kills. work() has 12 calls of dev and some 140 of mem in it: each of them dies, and mem not so often that the
// system stops.
struct FaultOrders {
    const char* server;
    std::array<const char*, 2> orders;
};
const FaultOrders kFaultOrders[] = {{"names", {" all kill 9 1", " all kill 13 3"}},
                                    {"dev", {" all kill 9 1", " all kill 7 3"}},
                                    {"proc", {" all kill 9 1", " all kill 13 3"}},
                                    {"rs", {" all kill 9 1", " all kill 13 3"}},
                                    {"mem", {" all kill 17 1", " all kill 13 3"}}};

// A fault order kills in the middle of a request, before its handler or after it and before the reply. More than fifteen deaths
// in ten seconds would stop the system, as they should.
TEST_CASE("core servers die in the middle of requests, and each is answered once") {
    const TestDisk disk(8);
    System system({.disk = disk.path()});
    Service counter(system, "counter");
    long long count = 0;
    counter.call("Get");
    for (const auto& [name, orders] : kFaultOrders) {
        const std::string server = name;
        CAPTURE(server);
        for (const std::string order : orders) {
            CAPTURE(order);
            const long restarts = system.services().at(server).restarts;
            CHECK(system.run("service fault " + server + order) == "");
            work(system, counter, disk, count);
            CHECK(system.run("service fault " + server + " off") == "");
            CHECK(up_again(system, server).restarts > restarts);
            system.run("sleep 6000");
        }
    }
    system.shut_down();
}

// It waits after its second failure within half a second.
TEST_CASE("faults of a core server are ordered, and taken back, also while it waits for its next start") {
    System system({});
    system.run("service fault names all kill 1; rpc counter Get & sleep 100");
    CHECK(system.services().at("names").state == "backing-off");
    CHECK(system.run("service fault names off; service wait names; wait; rpc counter Get").ends_with("{\"value\": 0}\n"));
    const long restarts = up_again(system, "names").restarts;
    CHECK(system.run("service restart echo; service wait echo; rpc echo Say '{\"text\": \"still here\"}'").find("still here") != std::string::npos);
    CHECK(system.services().at("names").restarts == restarts);
    system.shut_down();
}

TEST_CASE("everything outside the kernel but root is killed at once, and everything is back") {
    const TestDisk disk(8);
    System system({.disk = disk.path()});
    system.run("sleep 500");  // until the least important one is up, too
    const auto first = system.services();
    auto before = system.free();
    for (long round = 1; round <= 4; ++round) {
        CAPTURE(round);
        CHECK_THROWS_AS(system.run("sha256sum /big.bin & service kill all; sleep 5000"), PromptRestarted);
        CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
        CHECK(system.run("rpc echo Say '{\"text\": \"still here\"}'").find("still here") != std::string::npos);
        system.run("sleep 500");
        for (const auto& [name, line] : system.services()) {
            CAPTURE(name);
            CHECK(line.state == first.at(name).state);  // down: its device is not there
            CHECK(line.restarts == (line.state == "up" ? round : 0));
        }
        if (round == 1) before = system.free();
    }
    const auto after = system.free();
    for (const char* what : {"spaces", "objects"}) {
        CAPTURE(what);
        CHECK(after.at(what) == before.at(what));
    }
    CHECK(after.at("slots") <= before.at("slots") + 64);  // programs take a few more or less, as they meet
    system.shut_down();
}
