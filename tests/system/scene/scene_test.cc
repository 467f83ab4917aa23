// The scene that Eft exists for: a file is right although the driver under it dies, hangs and crashes.
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

namespace {

// Sums /big.bin in the background while `disturb` runs, until at least `times` disturbances fell into the work.
template <class Disturb>
unsigned sum_while(System& system, const TestDisk& disk, unsigned times, Disturb disturb) {
    unsigned done = 0;
    while (done < times) {
        system.run("sha256sum /big.bin &");
        unsigned in_this_run = 0;
        for (;;) {
            const std::string printed = disturb();
            const std::size_t at = printed.find("  /big.bin");
            if (at != std::string::npos) {
                REQUIRE(at >= 64);
                CHECK(printed.substr(at - 64, 64) == disk.sum());
                break;
            }
            REQUIRE_MESSAGE(printed.find("sha256sum:") == std::string::npos, printed);
            ++in_this_run;
        }
        CHECK_MESSAGE(in_this_run > 0, "the sum was ready before anything happened");
        done += in_this_run;
    }
    return done;
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
    const unsigned kills = sum_while(system, disk, 20, [&] { return system.run("service kill virtio_blk; service wait virtio_blk"); });
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
        sum_while(system, disk, 2, [&] { return system.run("service kill virtio_blk --signal " + signal + "; sleep 20; service wait virtio_blk"); });
        CHECK(system.services().at("virtio_blk").restarts >= before + 2);
    }
    system.shut_down();
}

TEST_CASE("killing the servers and drivers in between hurts nobody who waits") {
    const TestDisk disk;
    System system({.disk = disk.path()});
    unsigned turn = 0;
    const std::string victims[] = {"ext2", "hpet", "uart", "log", "virtio_blk"};
    sum_while(system, disk, 10, [&] {
        const std::string& victim = victims[turn++ % std::size(victims)];
        return system.run("service kill " + victim + "; service wait " + victim);
    });
    const auto services = system.services();
    for (const std::string& victim : victims) CHECK_MESSAGE(services.at(victim).state == "up", victim);
    CHECK(system.run("sleep 5; echo awake").find("awake") != std::string::npos);
    system.shut_down();
}
