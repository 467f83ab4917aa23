// `service update`: each service gets another program, from the disk or the boot archive, while it is used.
#include "service.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

namespace {

std::string program(const char* name) { return std::string(EFT_TARGET_TREE "/boot/") + name; }

}  // namespace

TEST_CASE("a program from the disk takes the place of a running one, with its state and its clients, and comes back after deaths") {
    const TestDisk disk(8, 4096, {{"counter", program("counter")}, {"echo", program("echo")}});
    System system({.disk = disk.path()});
    Service counter(system, "counter");
    CHECK(counter.call("Add", {{"amount", 3}}) == Json{{"value", 3}});
    CHECK(system.run("service update counter /counter") == "");
    CHECK(counter.call("Add", {{"amount", 3}}) == Json{{"value", 6}});
    CHECK(counter.call("Mine").at("calls") == 2);
    CHECK(system.run("service info counter").find("program: counter, replaced by another one on trial\n") != std::string::npos);
    CHECK(system.run("service update counter /counter").find("its last update is on trial") != std::string::npos);
    counter.kill();
    CHECK(counter.call("Mine").at("calls") == 2);

    CHECK(system.run("service update echo /hello.txt").find("the file is no program for this machine, or one of another service") != std::string::npos);
    CHECK(system.run("service update echo /missing").find("/missing") != std::string::npos);
    CHECK(system.run("service update echo /dir").find("/dir") != std::string::npos);
    CHECK(system.run("service update mem /echo").find("a core server") != std::string::npos);
    CHECK(system.run("service update nobody /echo").find("there is no such service") != std::string::npos);
    system.shut_down();
}

TEST_CASE("every driver and server is updated under load, and core servers may end meanwhile: nothing is lost") {
    const TestDisk disk(16);
    System system({.disk = disk.path()});
    Service counter(system, "counter");
    long long count = 0;
    std::string before;
    for (const auto& [name, line] : system.services()) {
        if (line.kind == "core" || name == "monitor" || line.state != "up") continue;
        CAPTURE(name);
        // The name of its program is in `service info`.
        std::string info = system.run("service info " + name);
        const std::size_t at = info.find("program: ") + 9;
        const std::string image = info.substr(at, info.find('\n', at) - at);
        // The sum may come at any time from here on. `service info` goes before what may take as long as the trial, ten seconds.
        std::string printed = system.run("sha256sum /big.bin &");
        for (const std::string& command : {"service update " + name + " " + image, std::string("service kill rs"), std::string("service kill proc"), std::string("service kill mem")}) {
            printed += system.run(command);
            CHECK_MESSAGE(system.status() == 0, command, ": ", printed);
        }
        info = system.run("service info " + name);
        CHECK_MESSAGE(info.find("replaced by another one on trial") != std::string::npos, info);
        printed += info + system.run("wait");
        CHECK_MESSAGE(printed.find(disk.sum()) != std::string::npos, printed);
        CHECK(counter.call("Add", {{"amount", 1}}) == Json{{"value", ++count}});
        CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());
    }
    CHECK(count >= 8);
    system.shut_down();
}
