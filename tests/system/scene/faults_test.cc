// Faults on order: each kind does to a service what it says, to messages and to the entries of rings, and clients of
// idempotent and atomic calls do not notice.
#include "system.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace eft::qemu;

namespace {

const std::string kArchive = std::string(EFT_TARGET_TREE) + "/faults.archive";

// The number behind the last `word ` in what was printed.
long last_number(const std::string& text, const std::string& word) {
    const std::size_t at = text.rfind(word + " ");
    return at == std::string::npos ? -1 : std::stol(text.substr(at + word.size() + 1));
}

// What fault_client has seen.
struct Seen {
    long answers, wrong, failed;
};
Seen seen(System& system) {
    const std::string log = system.run("log fault_client");
    return {last_number(log, "answers"), last_number(log, "wrong"), last_number(log, "failed")};
}
Seen seen_after(System& system, long more) {
    const long before = seen(system).answers;
    Seen now = seen(system);
    for (int round = 0; round < 100 && now.answers < before + more; ++round) {
        system.run("sleep 200");
        now = seen(system);
    }
    CHECK(now.answers >= before + more);
    return now;
}

// Calls of a service that met the order, as `service info` counts them.
long met(System& system, const std::string& service) { return last_number(system.run("service info " + service), "faults at call"); }

}  // namespace

TEST_CASE("clients of idempotent and atomic calls do not notice drops, delays, duplicates and kills") {
    System system({.archive = kArchive});
    // Kills are rare: a service that dies too often is held.
    const struct { std::string service, call, order; long answers; } cases[] = {
        {"echo", "Echo.Repeat", "drop 7 1", 800},      {"counter", "Counter.Add", "drop 7 1", 800},
        {"echo", "Echo.Repeat", "delay 40 2", 800},    {"counter", "Counter.Add", "duplicate 3 3", 800},
        {"echo", "Echo.Repeat", "duplicate 2 4", 800}, {"counter", "Counter.Add", "kill 3000 5", 8000},
        {"echo", "all", "kill 3000 6", 8000},
    };
    for (const auto& each : cases) {
        CAPTURE(each.call + " " + each.order);
        const long restarts = system.services().at(each.service).restarts;
        CHECK(system.run("service fault " + each.service + " " + each.call + " " + each.order) == "");
        CHECK(system.status() == 0);
        const Seen now = seen_after(system, each.answers);
        CHECK(now.wrong == 0);
        CHECK(now.failed == 0);
        CHECK(met(system, each.service) > 100);
        const bool kills = each.order.starts_with("kill");
        CHECK((system.services().at(each.service).restarts > restarts) == kills);
        CHECK(system.run("service fault " + each.service + " off") == "");
        CHECK(met(system, each.service) == -1);
    }
    system.shut_down();
}

TEST_CASE("every call dropped is a service that failed, and a corrupted request is answered wrongly") {
    System system({.archive = kArchive});
    CHECK(system.run("service fault echo Echo.Repeat corrupt 2 9") == "");
    CHECK(seen_after(system, 400).wrong > 50);
    CHECK(system.services().at("echo").restarts == 0);
    const long failed = seen(system).failed;
    CHECK(failed == 0);
    CHECK(system.run("service fault echo Echo.Repeat drop 1") == "");
    CHECK(seen_after(system, 400).failed > 50);
    CHECK(system.services().at("echo").restarts == 0);
    CHECK(system.run("service fault echo off") == "");
    system.shut_down();
}

TEST_CASE("orders reach rings: who reads a file gets its bytes from a driver and a file server whose entries go wrong") {
    const TestDisk disk(16);
    System system({.disk = disk.path()});
    const auto sum = [&] { return sum_in(system.run("sha256sum /big.bin", 120)); };
    REQUIRE(sum() == disk.sum());
    const struct { std::string service, call, order; } cases[] = {
        {"virtio_blk", "Block.Read", "duplicate 2 1"}, {"virtio_blk", "Block.Read", "delay 20 2"}, {"virtio_blk", "Block.Read", "kill 150 3"},
        {"ext2", "File.Read", "duplicate 3 4"},        {"ext2", "File.Read", "delay 20 5"},        {"ext2", "all", "kill 150 6"},
    };
    for (const auto& each : cases) {
        CAPTURE(each.call + " " + each.order);
        const long restarts = system.services().at(each.service).restarts;
        CHECK(system.run("service fault " + each.service + " " + each.call + " " + each.order) == "");
        CHECK(sum() == disk.sum());
        CHECK(met(system, each.service) > 150);
        CHECK((system.services().at(each.service).restarts > restarts) == each.order.starts_with("kill"));
        CHECK(system.run("service fault " + each.service + " off") == "");
    }
    system.shut_down();
}

TEST_CASE("a ring entry that is dropped waits for the next incarnation, and a corrupted one does its driver no harm") {
    const TestDisk disk(4);
    System system({.disk = disk.path()});
    REQUIRE(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
    CHECK(system.run("service fault virtio_blk Block.Read drop 20 1") == "");
    std::string printed = system.run("sha256sum /big.bin &");
    printed += system.run("sleep 2000");
    CHECK_MESSAGE(printed.find(disk.sum()) == std::string::npos, printed);
    CHECK(met(system, "virtio_blk") >= 20);
    printed = system.run("service fault virtio_blk off; service kill virtio_blk");
    printed += system.run("wait");
    CHECK_MESSAGE(printed.find(disk.sum()) != std::string::npos, printed);

    const long restarts = system.services().at("virtio_blk").restarts;
    CHECK(system.run("service fault virtio_blk Block.Read corrupt 2 2") == "");
    printed = system.run("sha256sum /big.bin");
    CHECK_MESSAGE(printed.find(disk.sum()) == std::string::npos, printed);
    CHECK(system.run("service fault virtio_blk off; service restart ext2") == "");
    CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
    CHECK(system.services().at("virtio_blk").restarts <= restarts + 2);  // its answers to nonsense are doubted, twice at most
    system.shut_down();
}

TEST_CASE("what is no order is refused in words") {
    System system({});
    CHECK(system.run("service fault echo Echo.Nothing drop").find("service: ") == 0);
    CHECK(system.run("service fault echo Echo.Ping frown").find("service: ") == 0);
    CHECK(system.run("service fault echo Echo.Ping drop 0").find("service: ") == 0);
    CHECK(system.run("service fault nothing all drop").find("service: nothing: ") == 0);
    CHECK(system.run("service fault root all drop").find("service: root: ") == 0);
    CHECK(system.run("service fault echo Block.Nothing drop").find("service: ") == 0);
    CHECK(system.run("service fault virtio_blk Block.Flush corrupt") == "service: Block.Flush: its request has nothing that could be corrupted\n");
    CHECK(system.run("service fault counter Counter.Get corrupt").find("service: Counter.Get: ") == 0);
    CHECK(system.run("echo here") == "here\n");
    system.shut_down();
}
