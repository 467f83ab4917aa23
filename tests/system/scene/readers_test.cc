// As many sessions as the file server takes: each keeps a ring, an area and a notification, together 72 persistent slots.
#include "system.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>

using namespace eft::qemu;

namespace {

constexpr int kReaders = 24, kKills = 20;

std::string name_of(int reader) { return "reader_" + std::to_string(reader); }

// How often a reader had the host's sum.
long sums(System& system, int reader, const std::string& sum) {
    const std::string log = system.run("log " + name_of(reader));
    const std::size_t at = log.rfind("sums ");
    if (at == std::string::npos) return 0;
    CHECK_MESSAGE(log.find(", all " + sum, at) != std::string::npos, log);
    return std::stol(log.substr(at + 5));
}

// Each reads on: it has two sums more.
void await_sums(System& system, const std::string& sum) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    std::array<long, kReaders> before;
    for (int reader = 0; reader < kReaders; ++reader) before[static_cast<std::size_t>(reader)] = sums(system, reader, sum);
    for (int reader = 0; reader < kReaders; ++reader) {
        while (sums(system, reader, sum) < before[static_cast<std::size_t>(reader)] + 2) {
            REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, system.run("service info " + name_of(reader)));
            system.run("sleep 100");
        }
    }
}

void kill(System& system, int times) {
    for (int i = 0; i < times; ++i) {
        const std::string victim = i % 4 == 3 ? "virtio_blk" : "ext2";
        system.run("service kill " + victim + "; service wait " + victim + "; sleep 20");
    }
}

}  // namespace

TEST_CASE("all that 24 sessions keep in 72 slots outlives their server and its driver") {
    const TestDisk disk(1);
    System system({.disk = disk.path(), .archive = EFT_TARGET_TREE "/readers.archive"});
    await_sums(system, disk.sum());
    const std::string full = system.run("ls /");
    CHECK_MESSAGE(full.find("limit reached") != std::string::npos, full);  // there is no room for the prompt's
    kill(system, kKills);
    await_sums(system, disk.sum());
    const auto services = system.services();
    CHECK(services.at("ext2").restarts >= kKills * 3 / 4);
    for (int reader = 0; reader < kReaders; ++reader) {
        CHECK_MESSAGE(services.at(name_of(reader)).state == "up", name_of(reader));
        CHECK(services.at(name_of(reader)).restarts == 0);
    }
    CHECK(system.run("ls /") == full);  // no session was given up
    system.shut_down();
}
