// The harness, proven with a boot sector instead of a kernel: console in both directions, deadlines, exit, QMP, and
// that no QEMU survives.
#include <machine.h>
#include "boot_disk.h"
#include <temporary.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <csignal>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 20s;

struct Booted {
    TemporaryFolder folder;
    MachineOptions options;

    explicit Booted(std::string_view text) { options.boot_disk = folder.write("boot.img", boot_disk(text)); }
};

// A zombie runs no more: only who adopted it can wait for it.
bool process_runs(pid_t id) {
    std::string word;
    std::ifstream("/proc/" + std::to_string(id) + "/stat") >> word >> word >> word;
    return !word.empty() && word != "Z" && word != "X";
}

}  // namespace

TEST_CASE("the console carries text in both directions and keeps the log") {
    const Booted sector("first\r\nsecond 42\r\n");
    Machine machine(sector.options);
    machine.console().read_until("first\n", kPatience);
    const auto match = machine.console().read_match("second ([0-9]+)\n", kPatience);
    CHECK(match.groups[1] == "42");
    const std::string typed = "a line that is longer than the sixteen bytes of the port's queue";
    machine.console().write(typed);
    machine.console().write("\n");
    CHECK(machine.console().read_line(kPatience) == typed);
    CHECK(machine.console().log().find("first\nsecond 42\n") != std::string::npos);
}

TEST_CASE("a wait that is not satisfied fails at its deadline, and shows the log") {
    const Booted sector("what was said\r\n");
    Machine machine(sector.options);
    machine.console().read_until("said", kPatience);
    const Deadline earliest = after(300ms);
    try {
        machine.console().read_until("something else", 300ms);
        FAIL("it was not said");
    } catch (const ConsoleError& error) {
        CHECK(std::string(error.what()).find("what was said") != std::string::npos);
    }
    CHECK(std::chrono::steady_clock::now() >= earliest);
    CHECK_THROWS_AS(machine.wait_for_exit(200ms), ConsoleError);
}

TEST_CASE("waiting for what a machine that has ended did not say fails at once") {
    const Booted sector("ready\r\n");
    Machine machine(sector.options);
    machine.console().read_until("ready\n", kPatience);
    machine.console().write("X");
    const Deadline latest = after(kPatience);
    CHECK_THROWS_AS(machine.console().read_until("more", 10min), ConsoleError);
    CHECK(std::chrono::steady_clock::now() < latest);
}

TEST_CASE("the ways to end are told apart") {
    const auto end = [](const char* command) {
        const Booted sector("ready\r\n");
        Machine machine(sector.options);
        machine.console().read_until("ready\n", kPatience);
        CHECK(machine.running());
        machine.console().write(command);
        const MachineExit exit = machine.wait_for_exit(kPatience);
        CHECK_FALSE(machine.running());
        return exit;
    };
    const MachineExit debug_exit = end("X");
    CHECK(debug_exit.status == 0x21);
    CHECK(debug_exit.reason == "");
    CHECK_FALSE(debug_exit.powered_off());

    const MachineExit power_off = end("O");
    CHECK(power_off.status == 0);
    CHECK(power_off.powered_off());

    const MachineExit reset = end("R");
    CHECK(reset.reason == "guest-reset");
    CHECK_FALSE(reset.powered_off());
}

TEST_CASE("QMP answers, and its refusals are errors") {
    Booted sector("ready\r\n");
    const TemporaryFolder files;
    files.write("notes/newt.txt", "An eft is a young newt.\n");
    const std::string disk = sector.folder.path() + "/disk.img";
    make_ext2_image(files.path(), disk, 4, 1024);
    sector.options.disks.push_back({.path = disk});
    Machine machine(sector.options);
    CHECK(machine.control().command("query-status")["running"] == true);
    bool found = false;
    for (const auto& device : machine.control().command("query-blockstats"))
        found |= device.value("device", "") == "disk0";
    CHECK(found);
    CHECK_THROWS(machine.control().command("no-such-command"));
    machine.control().command("quit");
    CHECK(machine.wait_for_exit(kPatience).reason == "host-qmp-quit");
}

TEST_CASE("missing files are named before QEMU starts") {
    MachineOptions options;
    options.kernel = "/nowhere/kernel.elf";
    CHECK_THROWS_WITH(Machine{options}, doctest::Contains("/nowhere/kernel.elf"));
}

TEST_CASE("a machine dies with the process that made it") {
    const Booted sector("ready\r\n");
    std::array<int, 2> report{};
    REQUIRE(pipe(report.data()) == 0);
    const pid_t parent = fork();
    if (parent == 0) {
        Machine machine(sector.options);
        const pid_t qemu = machine.process();
        if (write(report[1], &qemu, sizeof qemu) != sizeof qemu) _exit(1);
        pause();
        _exit(1);
    }
    pid_t qemu = 0;
    REQUIRE(read(report[0], &qemu, sizeof qemu) == static_cast<ssize_t>(sizeof qemu));
    close(report[0]);
    close(report[1]);
    CHECK(process_runs(qemu));
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    const Deadline deadline = after(kPatience);
    while (process_runs(qemu) && std::chrono::steady_clock::now() < deadline) usleep(10'000);
    CHECK_FALSE(process_runs(qemu));
}
