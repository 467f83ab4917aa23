// The scene that Eft exists for: a file is right although the driver under it dies, hangs and crashes.
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

namespace {

// Sums /big.bin in the background while `disturb(i)` names commands, again and again, until `times` of them ended before
// their sum was there. Answers how many did.
template <class Disturb>
unsigned sum_while(System& system, const TestDisk& disk, unsigned times, Disturb disturb) {
    constexpr unsigned kPerLine = 4;
    unsigned during = 0, turn = 0;
    for (unsigned line = 0; during < times; ++line) {
        REQUIRE_MESSAGE(line < 3 * times, "the sums are ready before anything happens");
        std::string commands = "sha256sum /big.bin & ";
        for (unsigned i = 0; i < kPerLine; ++i) commands += disturb(turn++) + "; echo disturbed; ";
        const std::string printed = system.run(commands + "wait", 120);
        const std::size_t at = printed.find("  /big.bin");
        REQUIRE_MESSAGE(at != std::string::npos, printed);
        REQUIRE(at >= 64);
        CHECK(printed.substr(at - 64, 64) == disk.sum());
        for (std::size_t mark = printed.find("disturbed"); mark < at; mark = printed.find("disturbed", mark + 1)) ++during;
    }
    return during;
}

}  // namespace

TEST_CASE("a file on an ext2 disk has the host's sum, and its bytes come from the disk") {
    const TestDisk disk;
    System system({.disk = disk.path()});
    const std::string names = system.run("ls /");
    CHECK(names.find("big.bin") != std::string::npos);
    CHECK(names.find("hello.txt") != std::string::npos);
    CHECK(system.run("cat /hello.txt") == "hello from the disk\n");
    const auto before = system.bytes_read();
    CHECK(sum_in(system.run("sha256sum /big.bin", 120)) == disk.sum());
    CHECK(system.status() == 0);
    CHECK(system.bytes_read() - before >= disk.bytes() * 9 / 10);
    CHECK(system.run("cat /nothing") == "cat: /nothing: not found\n");
    CHECK(system.status() == 1);
    system.shut_down();
}

TEST_CASE("the sum is right while the disk driver is killed twenty times") {
    const TestDisk disk;
    System system({.disk = disk.path()});
    const unsigned kills = sum_while(system, disk, 20, [](unsigned) { return std::string("service kill virtio_blk; service wait virtio_blk"); });
    const auto services = system.services();
    CHECK(services.at("virtio_blk").restarts >= kills);
    CHECK(services.at("ext2").restarts == 0);
    system.shut_down();
}

TEST_CASE("the sum is right while the disk driver hangs and crashes") {
    const TestDisk disk;
    System system({.disk = disk.path()});
    for (const std::string signal : {"hang", "crash"}) {
        const long before = system.services().at("virtio_blk").restarts;
        sum_while(system, disk, 2, [&](unsigned) { return "service kill virtio_blk --signal " + signal + "; sleep 20; service wait virtio_blk"; });
        CHECK(system.services().at("virtio_blk").restarts >= before + 2);
    }
    system.shut_down();
}

TEST_CASE("killing the servers and drivers in between hurts nobody who waits") {
    const TestDisk disk;
    System system({.disk = disk.path()});
    const std::string victims[] = {"ext2", "hpet", "uart", "log", "virtio_blk"};
    sum_while(system, disk, 10, [&](unsigned turn) {
        const std::string& victim = victims[turn % std::size(victims)];
        return "service kill " + victim + "; service wait " + victim;
    });
    const auto services = system.services();
    for (const std::string& victim : victims) CHECK_MESSAGE(services.at(victim).state == "up", victim);
    CHECK(system.run("sleep 5; echo awake").find("awake") != std::string::npos);
    system.shut_down();
}
