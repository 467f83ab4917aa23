// After a thousand kills of each restartable service there are as many slots and kernel objects in use as after the first ten, and
// as much memory is free, but for a few pages of mem's own table.
#include "system.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace eft::qemu;

namespace {

// What is prepared for the next deaths, one service at each tick of rs, is there by then.
auto settled_memory(System& system) {
    system.run("sleep 1500");
    return system.free();
}

constexpr long kTableKib = 16;

long bound_of(const std::string& what) { return what.ends_with("KIB") ? kTableKib : 0; }

}  // namespace

TEST_CASE("a thousand kills of each service leave nothing behind") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    for (const std::string service : {"echo", "counter", "log", "ext2", "hpet", "virtio_blk", "uart"}) {
        const std::string kill = "service kill " + service + "; service wait " + service;
        // Several kills per line: the console's round trip is the slowest part.
        std::string ten = kill;
        for (int i = 1; i < 10; ++i) ten += "; " + kill;
        // What is measured has run once: the prompt's heap has grown for a line of this length.
        system.run(ten, 120);
        const auto settled = settled_memory(system);
        for (int i = 0; i < 99; ++i) system.run(ten, 120);
        const auto now = settled_memory(system);
        for (const auto& [what, value] : settled) {
            INFO(service, ": ", what, " was ", value, ", is ", now.at(what));
            CHECK(std::abs(now.at(what) - value) <= bound_of(what));
        }
        CHECK(system.services().at(service).restarts >= 1000);
        CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
    }
    system.shut_down();
}
