// Services that are stopped, held or not there: whoever waits for one is told, and one `service start` brings everything back.
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

namespace {

constexpr int kSeconds = 30;  // a service is held when it has failed nine times, with pauses

}  // namespace

TEST_CASE("who waits for a driver that is stopped or held is told, the prompt is free, and one start brings everything back") {
    TestDisk disk(8);
    System system({.disk = disk.path()});
    const std::string sum = disk.sum() + "  /big.bin\n";

    system.run("sha256sum /big.bin &");
    system.run("service stop virtio_blk");
    CHECK(system.run("wait; echo done", kSeconds).ends_with("done\n"));
    CHECK(system.run("sha256sum /big.bin", kSeconds) == "sha256sum: /big.bin: service held (virtio_blk is down; service start virtio_blk starts it)\n");
    CHECK(system.status() == 1);
    CHECK(system.run("service start virtio_blk") == "");
    CHECK(system.run("sha256sum /big.bin") == sum);

    system.run("service fault virtio_blk Block.Read kill 1");
    std::string last;
    for (unsigned i = 0; i < 10 && last.find("held") == std::string::npos; ++i) last = system.run("sha256sum /big.bin", kSeconds);
    CHECK(last == "sha256sum: /big.bin: service held (virtio_blk failed too often; service start virtio_blk starts it)\n");
    CHECK(system.services().at("virtio_blk").state == "held");
    system.run("service fault virtio_blk off");
    CHECK(system.run("service start virtio_blk") == "");
    CHECK(system.run("sha256sum /big.bin") == sum);

    system.run("sleep 1000000 &");
    system.run("service stop hpet");
    CHECK(system.run("wait; echo done", kSeconds).ends_with("done\n"));
    CHECK(system.run("sleep 10", kSeconds) == "sleep: timer: service held (hpet is down; service start hpet starts it)\n");
    CHECK(system.run("service start hpet; sleep 10") == "");
}

TEST_CASE("who reads from a file server that is stopped is told") {
    TestDisk disk(8);
    System system({.disk = disk.path()});
    system.run("sha256sum /big.bin &");
    system.run("service stop ext2");
    CHECK(system.run("wait; echo done", kSeconds).ends_with("done\n"));
    CHECK(system.run("sha256sum /big.bin", kSeconds) == "sha256sum: /big.bin: service held (ext2 is down; service start ext2 starts it)\n");
    CHECK(system.run("service start ext2; service wait ext2; sha256sum /big.bin") == disk.sum() + "  /big.bin\n");
}

TEST_CASE("a read that kills the file server each time is given up after two deaths") {
    TestDisk disk(1);
    System system({.disk = disk.path()});
    system.run("service fault ext2 File.Read kill 1");
    CHECK(system.run("cat /hello.txt", kSeconds) == "cat: /hello.txt: service failed\n");
    CHECK(system.services().at("ext2").restarts <= 2);
    CHECK(system.run("service fault ext2 off; sha256sum /big.bin", kSeconds) == disk.sum() + "  /big.bin\n");
}

TEST_CASE("a prompt whose requests have killed a server too often is told what helps, and that does help") {
    TestDisk disk(1);
    System system({.disk = disk.path()});
    system.run("service fault ext2 File.Stat kill 1");
    std::string last;
    for (unsigned i = 0; i < 10 && last.find("closed") == std::string::npos; ++i) last = system.run("stat /", kSeconds);
    const std::string why = "session closed (the prompt's requests have killed ext2 too often; service restart monitor starts the prompt again)\n";
    CHECK(last == "stat: /: " + why);
    CHECK(system.run("service fault ext2 off; cat /hello.txt; rpc file/0 StatFs", kSeconds) == "cat: /hello.txt: " + why + "rpc: file/0: " + why);
    CHECK_THROWS_AS(system.run("service restart monitor; sleep 100000", kSeconds), PromptRestarted);
    CHECK(system.run("sha256sum /big.bin", kSeconds) == disk.sum() + "  /big.bin\n");
}

TEST_CASE("a file system that could not be mounted is tried again when somebody asks") {
    TestDisk disk(1);
    System system({.disk = disk.path()});
    system.run("service stop virtio_blk; service restart ext2; service wait ext2");
    CHECK(system.run("ls /", kSeconds) == "ls: /: service held (virtio_blk is down; service start virtio_blk starts it)\n");
    CHECK(system.run("service start virtio_blk; sha256sum /big.bin", kSeconds) == disk.sum() + "  /big.bin\n");
}

TEST_CASE("without a disk the prompt says so") {
    System system({});
    CHECK(system.run("ls /", kSeconds).starts_with("ls: /: no such device (no disk: block/0"));
    CHECK(system.status() == 1);
}
