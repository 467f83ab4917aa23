// What a person can learn afterwards: crash records, the logs of all processes, the list of processes.
#include "system.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <sstream>
#include <vector>

using namespace eft::qemu;

namespace {

struct LogLine {
    double seconds = -1;  // none could be read
    std::string service, text;
};

// "[   12.034567] SERVICE: TEXT"
std::vector<LogLine> log_lines(const std::string& printed) {
    std::vector<LogLine> lines;
    std::istringstream stream(printed);
    for (std::string line; std::getline(stream, line);) {
        LogLine read;
        char service[32] = {}, text[300] = {};
        if (std::sscanf(line.c_str(), "[%lf] %31[^:]: %299[^\n]", &read.seconds, service, text) != 3) read.seconds = -1;
        read.service = service;
        read.text = text;
        lines.push_back(read);
    }
    return lines;
}

unsigned count(const std::string& text, const std::string& word) {
    unsigned found = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("the log: every process has one, and the first answer has the time already") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    const std::string all = system.run("log");
    const std::vector<LogLine> lines = log_lines(all);
    REQUIRE_MESSAGE(lines.size() > 10, all);
    double before = 0;
    std::set<std::string> services;
    for (const LogLine& line : lines) {
        CHECK_MESSAGE(line.seconds >= before, all);
        before = line.seconds;
        services.insert(line.service);
    }
    CHECK_MESSAGE(lines[0].seconds > 0, all);
    CHECK(lines[0].seconds < lines.back().seconds);
    for (const std::string name : {"root", "mem", "proc", "dev", "names", "rs", "monitor"}) {
        CHECK_MESSAGE(services.contains(name), name);
        const std::vector<LogLine> own = log_lines(system.run("log " + name));
        CHECK(system.status() == 0);
        REQUIRE_MESSAGE(!own.empty(), name);
        for (const LogLine& line : own) CHECK(line.service == name);
    }
    CHECK(system.run("log nobody") == "log: nobody: not found\n");

    // The same line, by a log server that has just begun to know the time; and a line of now, by two clocks.
    const double then = log_lines(system.run("log monitor")).at(0).seconds;
    const LogLine again = log_lines(system.run("service kill log; service wait log; log monitor")).at(0);
    CHECK(std::abs(again.seconds - then) < 0.01 * then);
    const std::string uptime = system.run("service kill echo; uptime");
    unsigned hours = 0, minutes = 0;
    double seconds = 0;
    REQUIRE(std::sscanf(uptime.c_str(), "up %u:%u:%lf", &hours, &minutes, &seconds) == 3);
    const LogLine last = log_lines(system.run("log rs")).back();
    CHECK(last.text.find("echo") == 0);
    CHECK(std::abs(last.seconds - (hours * 3600 + minutes * 60 + seconds)) < 2);
    system.shut_down();
}

TEST_CASE("a crash record says what the dead incarnation was asked, and what it answered") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    CHECK(system.run("service info ext2").find("last messages") == std::string::npos);  // has never died
    CHECK(system.run("cat /hello.txt") == "hello from the disk\n");
    CHECK(system.run("cat /nothing") == "cat: /nothing: not found\n");
    system.run("service kill ext2 --signal crash; service wait ext2");
    const std::string first = system.run("service info ext2");
    CHECK_MESSAGE(first.find("\nlast messages, us before the death:\n") != std::string::npos, first);
    CHECK_MESSAGE(count(first, "  File.Attach {ring: capability to memory, area: capability to memory, ") == 1, first);
    CHECK_MESSAGE(count(first, "  File.Open {path: \"/hello.txt\", handle: ") >= 1, first);
    CHECK_MESSAGE(count(first, "  File.Open {path: \"/nothing\", handle: ") == 1, first);
    CHECK_MESSAGE(count(first, ": answered\n") >= 2, first);
    CHECK_MESSAGE(count(first, ": answered: not found\n") == 1, first);
    CHECK_MESSAGE(first.find("not answered") == std::string::npos, first);

    // The next incarnation has been asked for no file. Then it is asked more than it remembers.
    system.run("service kill ext2; service wait ext2");
    CHECK(system.run("service info ext2").find("  File.") == std::string::npos);
    std::string line;
    for (unsigned i = 0; i < 8; ++i) line += "cat /nothing; ";
    for (unsigned i = 0; i < 9; ++i) system.run(line);
    const std::string third = system.run("service kill ext2; service wait ext2; service info ext2");
    CHECK_MESSAGE(count(third, "  File.") == 24, third);
    CHECK_MESSAGE(count(third, ": answered: not found\n") == 24, third);
    system.shut_down();
}

TEST_CASE("a crash record has the registers, the return addresses and what was held, of services and core servers") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    CHECK(system.run("service info ext2").find("registers") == std::string::npos);
    system.run("cat /hello.txt; service kill ext2 --signal crash; service wait ext2");
    const std::string ext2 = system.run("service info ext2");
    CHECK_MESSAGE(ext2.find("\nlast death: CPU exception 6, invalid opcode (ordered)\ncrash record: at ext2+0x") != std::string::npos, ext2);
    CHECK_MESSAGE(ext2.find("\nregisters:\n  rax 0x") != std::string::npos, ext2);
    // Where the order has sent it, with the stack that it was given.
    CHECK_MESSAGE(ext2.find(" rsp 0x000000000fffeff8 ") != std::string::npos, ext2);
    CHECK_MESSAGE(ext2.find("\nheld at the death:\n") != std::string::npos, ext2);
    CHECK_MESSAGE(ext2.substr(ext2.find("\nheld at the death:\n")).find(" endpoint of virtio_blk, badge ") != std::string::npos, ext2);

    // In a system call.
    system.run("service kill echo; service wait echo");
    const std::string echo = system.run("service info echo");
    CHECK_MESSAGE(echo.find("\nregisters, in a system call:\n  rbp 0x") != std::string::npos, echo);
    CHECK_MESSAGE(echo.find("rax") == std::string::npos, echo);

    system.run("service kill names --signal crash; cat /hello.txt");
    const std::string names = system.run("service info names");
    CHECK_MESSAGE(names.find("\ncrash record: at names+0x") != std::string::npos, names);
    CHECK_MESSAGE(names.find("\nregisters:\n  rax 0x") != std::string::npos, names);
    CHECK_MESSAGE(names.find("  Names.Admit {name: ") != std::string::npos, names);
    CHECK(system.run("rpc rs Held {\"name\": \"canary\"}") == "rpc: rs Held: not found\n");
    system.shut_down();
}

TEST_CASE("ps: every process has a parent that is there and the time that it has used, and the ids are those of service list") {
    System system({});
    std::istringstream lines(system.run("ps"));
    std::string header;
    std::getline(lines, header);
    CHECK(header.ends_with(" CPU_MS"));
    std::map<std::string, std::pair<long, long>> processes;  // id and parent
    std::set<long> ids;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        long pid = 0, parent = -1;
        std::string name, state, memory, milliseconds;
        REQUIRE_MESSAGE((words >> pid >> parent >> name >> state >> memory >> milliseconds), line);
        if (name == "monitor") CHECK(std::stol(milliseconds) > 0);
        processes[name] = {pid, parent};
        CHECK(ids.insert(pid).second);
        CHECK_MESSAGE((parent == 0 ? name == "root" : ids.contains(parent)), line);  // older, so listed before
    }
    const long rs = processes.at("rs").first;
    for (const std::string name : {"mem", "proc", "dev", "names", "rs"}) CHECK(processes.at(name).second == processes.at("root").first);
    for (const auto& [name, service] : system.services()) {
        if (service.state != "up") continue;
        REQUIRE_MESSAGE(processes.contains(name), name);
        CHECK_MESSAGE(processes[name].first == service.pid, name);
        if (service.kind != "core") CHECK_MESSAGE(processes[name].second == rs, name);
    }
    system.shut_down();
}
