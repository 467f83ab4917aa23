// Machines other than the reference machine (options.h): the disk is found and read on each of them, and its driver comes
// back after a kill.
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

// Of all machines here; it is not written to.
const TestDisk& disk() {
    static const TestDisk made(1);
    return made;
}

struct Booted {
    Machine machine;
    Prompt prompt{machine.console(), 60s};

    std::string run(const std::string& line) { return prompt.run(line, 30s); }
};

MachineOptions with_disk(const std::string& device_options = "") {
    MachineOptions options;
    options.disks.push_back({.path = disk().path(), .keep_writes = false, .device_options = device_options});
    return options;
}

void check_disk(Booted& booted) {
    CHECK(sum_in(booted.run("sha256sum /big.bin")) == disk().sum());
    booted.run("service kill virtio_blk");
    CHECK(booted.run("cat /hello.txt") == "hello from the disk\n");
}

void check_disk_of(const MachineOptions& options) {
    Booted booted{Machine(options)};
    check_disk(booted);
    shut_down(booted.machine, 30s);
}

}  // namespace

TEST_CASE("more processors than Eft uses") {
    MachineOptions options = with_disk();
    options.cores = 65;
    check_disk_of(options);
}

TEST_CASE("QEMU's plain virtio-blk-pci, with the old interface beside the modern one") { check_disk_of(with_disk(",disable-legacy=off")); }

TEST_CASE("a disk behind a second root bus, and behind more than a hundred other functions") {
    MachineOptions options = with_disk(",bus=behind");
    options.buses = {"-device", "pxb-pcie,id=second,bus_nr=128,bus=pcie.0", "-device", "pcie-root-port,id=behind,bus=second,chassis=200"};
    unsigned chassis = 0;
    for (const char device : std::string("23456789abcde")) {
        for (const char function : std::string("01234567")) {
            const std::string address = std::string(",addr=") + device + "." + function;
            options.buses.insert(options.buses.end(), {"-device", "pcie-root-port,bus=pcie.0,multifunction=on,chassis=" + std::to_string(++chassis) + address});
        }
    }
    check_disk_of(options);
}

TEST_CASE("a disk without interrupt messages, on both chipsets") {
    MachineOptions options = with_disk(",vectors=0");
    check_disk_of(options);
    options.machine = "pc";
    check_disk_of(options);
}

// Slots that are four apart have their pins on the same line.
TEST_CASE("two disks on one interrupt line are both driven, while a driver of it is killed and hangs") {
    MachineOptions options = with_disk(",vectors=0,addr=0x13");
    options.disks.push_back({.path = disk().path(), .id = "disk1", .keep_writes = false, .device_options = ",vectors=0,addr=0x17"});
    options.archive = EFT_TARGET_TREE "/two_disks.archive";
    Booted booted{Machine(options)};
    check_disk(booted);
    CHECK(booted.run("service list").find("second           driver  up") != std::string::npos);
    for (const char* order : {"service kill second", "service kill second --signal hang", "service kill virtio_blk", "service kill virtio_blk --signal hang"}) {
        CAPTURE(order);
        booted.run(order);
        check_disk(booted);
    }
    shut_down(booted.machine, 30s);
}

// QEMU's NVMe controller has one, and is no virtio device.
TEST_CASE("a device with a function-level reset is reset by it, its memory is free then, and its driver comes back") {
    MachineOptions options = with_disk();
    options.archive = EFT_TARGET_TREE "/pinned.archive";
    options.extra = {"-device", "nvme,serial=1"};
    Booted booted{Machine(options)};
    const auto kill = [&] {
        booted.run("service kill pinner");
        booted.run("service wait pinner");
        booted.run("sleep 400");
    };
    kill();
    const std::string before = booted.run("free");
    for (int i = 0; i < 5; ++i) kill();
    CHECK(booted.run("free") == before);
    const std::string list = booted.run("service list");
    CHECK_MESSAGE(list.find("pinner           driver  up") != std::string::npos, list);
    CHECK(booted.machine.console().log().find("could not be reset") == std::string::npos);
    shut_down(booted.machine, 30s);
}

// The log is told of its death by hanging, which only a tick can find; then it is started again after the wait.
TEST_CASE("without an 8254 hangs are found") {
    MachineOptions options = with_disk();
    options.machine = "q35,pit=off";
    Booted booted{Machine(options)};
    check_disk(booted);
    booted.run("service kill log --signal hang");
    booted.run("service wait log");
    CHECK(booted.run("service list").find("log              server  up") != std::string::npos);
    shut_down(booted.machine, 30s);
}

TEST_CASE("without an HPET the 8254 is the timer, on both chipsets") {
    MachineOptions options = with_disk();
    for (const char* machine : {"q35,hpet=off", "pc,hpet=off"}) {
        CAPTURE(machine);
        options.machine = machine;
        Booted booted{Machine(options)};
        CHECK(booted.machine.console().log().find("no such device") == std::string::npos);
        const std::string list = booted.run("service list");
        CHECK(list.find("pit              driver  up") != std::string::npos);
        CHECK(list.find("hpet") == std::string::npos);
        CHECK(booted.run("service info hpet").find("trouble: device hpet index 0: no such device") != std::string::npos);
        const auto begin = std::chrono::steady_clock::now();
        CHECK(booted.run("sleep 1500") == "");
        CHECK(booted.prompt.status() == 0);
        CHECK(std::chrono::steady_clock::now() - begin > 1400ms);
        booted.run("service kill pit; service wait pit");  // it counts for the shell's own timers, too
        CHECK(booted.run("sleep 100") == "");
        CHECK(booted.prompt.status() == 0);
        CHECK(booted.run("log rs").starts_with("[    "));  // seconds, not time stamps
        check_disk(booted);
        shut_down(booted.machine, 30s);
    }
}

TEST_CASE("without an HPET and an 8254 there is no timer, which is said at the start and where it is missed; the rest works") {
    MachineOptions options = with_disk();
    options.machine = "q35,hpet=off,pit=off";
    Booted booted{Machine(options)};
    for (const char* line : {"rs: hpet: device hpet index 0: no such device", "rs: pit: device pit index 0: no such device"})
        CHECK(booted.machine.console().log().find(line) != std::string::npos);
    CHECK(booted.run("sleep 1") == "sleep: timer: no such device\n");
    CHECK(booted.prompt.status() != 0);
    check_disk(booted);
    shut_down(booted.machine, 30s);
}

TEST_CASE("i440fx: no window of the configuration space, and one line for the timer") {
    MachineOptions options = with_disk();
    options.machine = "pc";
    Booted booted{Machine(options)};
    check_disk(booted);
    booted.run("sleep 1");  // by the HPET, which has only the 8254's line
    CHECK(booted.prompt.status() == 0);
    shut_down(booted.machine, 30s);
}
