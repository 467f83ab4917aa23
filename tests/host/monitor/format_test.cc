// Text for people and scripts.
#include "monitor/format.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <ctime>

using namespace eft;
using namespace eft::monitor;

TEST_CASE("modes read as on Unix") {
    CHECK(mode_text(0100644) == "-rw-r--r--");
    CHECK(mode_text(0040755) == "drwxr-xr-x");
    CHECK(mode_text(0120777) == "lrwxrwxrwx");
    CHECK(mode_text(0041777) == "drwxrwxrwt");
    CHECK(mode_text(0104755) == "-rwsr-xr-x");
    CHECK(mode_text(0102640) == "-rw-r-S---");
    CHECK(mode_text(0060660) == "brw-rw----");
}

TEST_CASE("dates are those of the host's calendar") {
    CHECK(date_text(0) == "1970-01-01 00:00:00");
    CHECK(date_text(-1) == "1969-12-31 23:59:59");
    for (std::int64_t seconds = -5'000'000'000; seconds < 20'000'000'000; seconds += 86'400 * 13 + 12'345) {
        const std::time_t time = seconds;
        std::tm fields{};
        REQUIRE(gmtime_r(&time, &fields) != nullptr);
        char expected[64];
        std::strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S", &fields);
        CHECK(date_text(seconds) == expected);
    }
}

TEST_CASE("a service's line has the columns of its header") {
    rs::ServiceLine line;
    line.name = "virtio_blk";
    line.kind = rs::ServiceKind::Driver;
    line.state = rs::ServiceState::BackingOff;
    line.pid = 12;
    line.incarnation = 3;
    line.restarts = 2;
    line.last_recovery_us = 812;
    char name[32], kind[16], state[16];
    unsigned pid, incarnation, restarts, recovery;
    const std::string text = service_line(line);
    REQUIRE(std::sscanf(text.c_str(), "%31s %15s %15s %u %u %u %u\n", name, kind, state, &pid, &incarnation, &restarts, &recovery) == 7);
    CHECK(std::string(name) == "virtio_blk");
    CHECK(std::string(kind) == "driver");
    CHECK(std::string(state) == "backing-off");
    CHECK(pid == 12);
    CHECK(incarnation == 3);
    CHECK(restarts == 2);
    CHECK(recovery == 812);
    CHECK(text.size() == service_header().size());
    line.last_recovery_us = 0;
    CHECK(service_line(line).ends_with(" -\n"));
}

TEST_CASE("a process's line has the columns of its header, and what nobody knows is none") {
    proc::ProcessLine line;
    line.pid = 12;
    line.parent = 6;
    line.name = "uart";
    line.state = proc::ProcessState::Blocked;
    line.pages = 33;
    line.processor_us = 4'567'891;
    CHECK(process_line(line) == "   12      6 uart             blocked         132       4567\n");
    CHECK(process_line(line).size() == process_header().size());
    line.pages = 0;
    CHECK(process_line(line) == "   12      6 uart             blocked           -          -\n");
}

TEST_CASE("sizes, times and damaged numbers") {
    CHECK(uptime_text(3'723'456'000'000) == "up 1:02:03.456\n");
    file::FileSystemState state;
    state.block_size = 4096;
    state.blocks = 1000;
    state.free_blocks = 250;
    state.available_blocks = 200;
    state.kind = "ext2";
    state.volume_name = "eft";
    CHECK(file_system_text(state).find("      4000        3000         800    75%  /\n") != std::string::npos);
    state.free_blocks = 5000;
    CHECK(file_system_text(state).find("  0%") != std::string::npos);
    state.blocks = 0;
    CHECK(file_system_text(state).find("  0%") != std::string::npos);
    file::Attributes attributes;
    attributes.mode = 0100644;
    attributes.size = 12;
    attributes.links = 1;
    Widths widths;
    widths.fit(attributes);
    CHECK(long_line(attributes, widths, "hello.txt") == "-rw-r--r-- 1 0 0 12 1970-01-01 00:00 hello.txt");
    file::Attributes device;
    device.type = file::FileType::BlockDevice;
    device.mode = 0060600;
    device.links = 12;
    device.device_major = 259;
    device.device_minor = 70000;
    widths.fit(device);
    CHECK(long_line(device, widths, "disk") == "brw------- 12 0 0 259, 70000 1970-01-01 00:00 disk");
    CHECK(long_line(attributes, widths, "a\x1b[2J\xff", "b\xe2\x80\xae") ==
          "-rw-r--r--  1 0 0         12 1970-01-01 00:00 a\\u001b[2J\\xff -> b\\u202e");
    CHECK(stat_text("/dev/disk", device).find("Device: 259, 70000\n") != std::string::npos);
    CHECK(stat_text("/hello.txt", attributes).find("Size: 12  ") != std::string::npos);
}
