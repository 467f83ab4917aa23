// `./eft crash`: the crash dumps of a running machine and of a stopped one, read from outside, with functions and lines.
#include "system.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace eft::qemu;

namespace {

// What the tool prints, its complaints too.
std::string crash(const std::string& arguments) {
    const std::string command = std::string(EFT_CRASH) + " --symbols " EFT_TARGET_TREE "/symbols --archive " EFT_BOOT_ARCHIVE " " + arguments + " 2>&1";
    return output_of(command);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the deaths of services and core servers, in their order, with functions and lines, while the machine goes on") {
    const TemporaryFolder machines;
    const std::string arguments = "--machines " + machines.path();
    CHECK(has(crash(arguments), "eft-crash: no machine of ./eft run is there\n"));
    System system({.monitor = machines.path() + "/1.qmp"});
    CHECK(crash(arguments) == "nothing has died\n");

    // In a handler, so that there is somebody who called.
    system.run("service fault counter Counter.Add kill 1; rpc counter Add {\"amount\": 4711}; service fault counter off; service wait counter");
    // Nobody asks names for anything while nothing happens: its last messages are those of counter's restart.
    system.run("sleep 2500; service kill names --signal crash; service wait counter");
    const std::string all = crash(arguments);
    const std::size_t counter = all.find("counter: pid "), names = all.find("names: pid ");
    REQUIRE_MESSAGE(counter < names, all);
    REQUIRE_MESSAGE(names != std::string::npos, all);
    const std::string first = all.substr(counter, names - counter), second = all.substr(names);
    for (const char* text : {"\nlast death: CPU exception 6, invalid opcode",
                             "\nregisters:\n  rax 0x",
                             "eft::arch::crash() at libos/arch/x86_64/",
                             "at libos/src/server_faults.cc:",
                             "Counter.Add {amount: 4711}, badge ",
                             ": not answered\n"})
        CHECK_MESSAGE(has(first, text), text, " is not in\n", first);
    for (const char* text : {"\ncrash record: at names+0x",
                             "  0x400012  _start\n",
                             "  Names.Admit {name: "})
        CHECK_MESSAGE(has(second, text), text, " is not in\n", second);

    CHECK(has(crash(arguments + " counter"), "counter: pid "));
    CHECK(!has(crash(arguments + " counter"), "names: pid "));
    CHECK(crash(arguments + " echo") == "echo has not died\n");
    // The prompt says the same of the same death.
    const std::string info = system.run("service info counter");
    const std::string record = first.substr(first.find("crash record:"), first.find("\nbacktrace") - first.find("crash record:"));
    CHECK_MESSAGE(has(info, record), info);
    system.shut_down();
    CHECK(has(crash(arguments), "eft-crash: no machine of ./eft run is there\n"));
}

TEST_CASE("an image of a machine's memory will do") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    system.run("service kill echo --signal crash; service wait echo; cat /hello.txt; service kill ext2; service wait ext2");
    const TemporaryFolder folder;
    const std::string image = folder.path() + "/memory";
    system.machine().control().command("pmemsave", {{"val", 0}, {"size", 256u << 20}, {"filename", image}});
    const std::string all = crash("--memory " + image);
    for (const char* text : {"echo: pid ",
                             "\nlast death: CPU exception 6, invalid opcode (ordered)\n",
                             "\nlast death: an order\n",
                             "\nregisters, in a system call:\n",
                             "\nheld at the death:\n",
                             " endpoint of virtio_blk, badge ",
                             "File.Open {path: \"/hello.txt\", handle: "})
        CHECK_MESSAGE(has(all, text), text, " is not in\n", all);
    CHECK(has(crash("--memory " + folder.path() + "/none"), "eft-crash: cannot read "));
    system.shut_down();
}
