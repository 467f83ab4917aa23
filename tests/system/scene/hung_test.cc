// The prompt beside servers that hang, and that nobody restarts (they have no heartbeat): whatever waits for one is left by
// Ctrl-C, waits in the background without holding up anybody, and goes on when the server is back.
#include "system.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;
constexpr Duration kMoment = 5s;

std::string numbered(unsigned first, unsigned count, const std::string& line) {
    std::string all;
    for (unsigned i = 0; i < count; ++i) all += "[" + std::to_string(first + i) + "] " + line + "\n";
    return all;
}

struct Hung {
    TestDisk disk{1};
    System system{{.disk = disk.path(), .archive = std::string(EFT_TARGET_TREE) + "/hung.archive"}};
    std::vector<Clock::duration> times = {};  // from Ctrl-C to the prompt

    void hang(const std::string& service) { system.run("service kill " + service + " --signal hang"); }
    // Types it and a last key, and leaves what that begins by Ctrl-C.
    void leave(const std::string& line, char last = '\r') {
        CAPTURE(line);
        Console& console = system.machine().console();
        console.write(line + last);
        std::this_thread::sleep_for(50ms);
        const auto begin = Clock::now();
        console.write("\x03");
        CHECK(console.read_until("^C\neft> ", kMoment) == (last == '\r' ? line + "\n" : line));
        times.push_back(Clock::now() - begin);
    }
};

}  // namespace

TEST_CASE("whatever waits for a server that hangs is left by Ctrl-C within a moment, and costs nothing") {
    Hung hung;
    System& system = hung.system;
    system.run("ls /; log; sleep 1");  // their sessions are there
    for (const char* service : {"ext2", "log", "hpet", "counter"}) hung.hang(service);
    const auto leave_all = [&] {
        for (const char* line : {"ls /", "ls -l /", "cat /big.bin", "stat /", "sha256sum /big.bin", "df", "mount", "log", "log rs", "uptime",
                                 "sleep 1", "rpc counter Draw", "rpc file/0 StatFs", "ls / & wait"})
            hung.leave(line);
    };
    leave_all();
    const auto before = system.free();
    for (unsigned round = 0; round < 8; ++round) leave_all();
    const auto after = system.free();
    // mem gives a heap that has grown to its next 512 KiB all of them, with a slot for each page.
    const long grown = after.at("USED_KIB") - before.at("USED_KIB");
    CHECK(grown <= 512);
    CHECK(after.at("slots") - before.at("slots") <= grown / 4 + 8);
    // The machine that runs this test may be busy now and then.
    std::sort(hung.times.begin(), hung.times.end());
    CHECK(hung.times[hung.times.size() * 9 / 10] < 1s);

    // Completion, too, and the line with it.
    hung.leave("cat /bi", '\t');
    CHECK(system.run("jobs; kill %1 %2 %3 %4 %5 %6 %7 %8 %9; jobs") == numbered(1, 9, "ls /"));

    // What was left does not disturb what comes.
    for (const char* service : {"hpet", "ext2", "log", "counter"}) system.run(std::string("service restart ") + service + "; service wait " + service);
    CHECK(system.run("sha256sum /big.bin") == hung.disk.sum() + "  /big.bin\n");
    CHECK(system.run("log rs").find("ext2") != std::string::npos);
    CHECK(system.run("sleep 10; rpc counter Draw") == "{\"value\": 1}\n");
    system.shut_down();
}

TEST_CASE("jobs that wait for servers that hang hold up nobody, are listed and ended, and go on when the servers are back") {
    Hung hung;
    System& system = hung.system;
    CHECK(system.run("jobs") == "");
    const std::string root = system.run("ls /");
    for (const char* service : {"ext2", "log", "hpet"}) hung.hang(service);

    CHECK(system.run("ls / & log & sleep 1 & jobs") == "[1] ls /\n[2] log\n[3] sleep 1\n");
    CHECK(system.services().at("counter").state == "up");
    CHECK(system.run("rpc counter Draw") == "{\"value\": 1}\n");
    CHECK(system.run("kill %2; jobs") == "[1] ls /\n[3] sleep 1\n");
    CHECK(system.run("kill %2; echo $?") == "kill: %2: there is no such job; jobs lists them\n1\n");
    CHECK(system.run("kill 1; echo $?") == "kill: 1: a job is wanted, as %1; service kill ends a service\n1\n");
    CHECK(system.run("kill %; kill %x; kill %4294967297").ends_with("kill: %4294967297: there is no such job; jobs lists them\n"));
    CHECK(system.run("kill %1 %3; jobs; wait; echo done") == "done\n");

    // More than there are further threads.
    std::string many;
    for (unsigned i = 0; i < 20; ++i) many += "log & ";
    CHECK(system.run(many + "jobs") == numbered(1, 20, "log"));
    CHECK(system.services().at("log").state == "up");
    CHECK(system.run("service info log").find("log") != std::string::npos);
    hung.leave("ls /");
    many.clear();
    for (unsigned i = 1; i <= 20; ++i) many += " %" + std::to_string(i);
    CHECK(system.run("kill" + many + "; jobs") == "");

    // One that is ended while it waits is forgotten; one that waits goes on.
    system.run("ls / & ls / & kill %1");
    CHECK(system.run("service restart ext2; wait") == root);
    CHECK(system.run("sleep 1000000 & service restart hpet; service wait hpet; kill %1; sleep 10; jobs") == "");
    system.shut_down();
}
