// Drivers that break the rules, clients that send nonsense, machines that lack something.
#include "system.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

using namespace eft::qemu;

namespace {
const std::string kArchives = EFT_TARGET_TREE;
}

TEST_CASE("a driver that touches what is not its own is stopped, recorded and held") {
    System system({.archive = kArchives + "/rogues.archive"});
    const struct { std::string name, reason; } rogues[] = {
        {"rogue-kernel", "page fault"}, {"rogue-memory", "page fault"}, {"rogue-window", "page fault"},
        {"rogue-port", "exception 13"}, {"rogue-silent", "heartbeat"},
    };
    system.run("sleep 3000");
    for (const auto& rogue : rogues) {
        const std::string info = system.run("service info " + rogue.name);
        CHECK_MESSAGE(info.find(rogue.reason) != std::string::npos, info);
    }
    const auto services = system.services();
    CHECK(services.at("echo").state == "up");
    CHECK(services.at("echo").restarts == 0);
    CHECK(services.at("rogue-kernel").restarts > 0);
    system.shut_down();
}

TEST_CASE("every wrong message of every interface, and a hundred thousand random ones, kill no server and leak nothing") {
    const TestDisk disk(1);
    System system({.disk = disk.path(), .archive = kArchives + "/hostile.archive"});
    for (int round = 0; round < 120 && system.run("log hostile").find("other kinds of session, ") == std::string::npos; ++round) system.run("sleep 500");
    const std::string log = system.run("log hostile");
    CHECK_MESSAGE(log.find(" random messages to 13 servers") != std::string::npos, log);
    CHECK_MESSAGE(log.find(" FlatBuffers, 0 taken that are surely wrong") != std::string::npos, log);
    CHECK_MESSAGE(std::regex_search(log, std::regex("[1-9][0-9]* calls for other kinds of session, 0 admitted")), log);
    MESSAGE(log);
    for (const auto& [name, service] : system.services()) {
        if (name != "hostile") CHECK_MESSAGE(service.restarts == 0, name);
        if (name != "hostile") CHECK_MESSAGE(service.state == "up", name);
    }
    const auto ended = [&] { return system.services().at("hostile").state == "down"; };
    for (int round = 0; round < 60 && !ended(); ++round) system.run("sleep 100");
    const auto start_again = [&] {
        system.run("service start hostile");
        for (int round = 0; round < 120 && !ended(); ++round) system.run("sleep 500");
        REQUIRE(ended());
        return system.free();
    };
    const auto before = start_again();  // what the servers touch once, the order to start among it
    const auto after = start_again();
    for (const auto& [what, value] : after) CHECK_MESSAGE(before.at(what) == value, what);
    system.shut_down();
}

TEST_CASE("clients whose requests kill their server lose their sessions; the server and another client go on") {
    System system({.archive = kArchives + "/poison.archive"});
    const auto answered = [&] {
        const std::string log = system.run("log bystander");
        const std::size_t at = log.rfind("answered ");
        return at == std::string::npos ? 0L : std::stol(log.substr(at + 9));
    };
    const std::string poisoners[] = {"poisoner_step", "poisoner_later"};
    for (const std::string& poisoner : poisoners) {
        for (int round = 0; round < 40 && system.run("log " + poisoner).find("connect:") == std::string::npos; ++round) system.run("sleep 250");
        const std::string log = system.run("log " + poisoner);
        // Two requests that saw two deaths each, and a third that saw the fifth.
        CHECK_MESSAGE(log.find("failed 3 times, then: invalid capability; connect: service failed") != std::string::npos, log);
    }
    const long before = answered();
    for (int round = 0; round < 40 && answered() <= before + 2000; ++round) system.run("sleep 250");
    CHECK(answered() > before + 2000);

    const auto services = system.services();
    CHECK(services.at("fragile").state == "up");
    CHECK(services.at("fragile").restarts == 10);  // it is held at the ninth failure that is its own
    for (const std::string name : {"bystander", "poisoner_step", "poisoner_later"}) {
        CHECK_MESSAGE(services.at(name).state == "up", name);
        CHECK_MESSAGE(services.at(name).restarts == 0, name);
    }
    const std::string info = system.run("service info fragile");
    CHECK_MESSAGE(info.find("was in progress, whose sessions are closed") != std::string::npos, info);
    CHECK_MESSAGE(info.find(" first request ") != std::string::npos, info);
    const std::string log = system.run("log fragile");
    const std::size_t first = log.find("a session was closed");
    REQUIRE_MESSAGE(first != std::string::npos, log);
    CHECK_MESSAGE(log.find("a session was closed", first + 1) != std::string::npos, log);
    system.shut_down();
}

TEST_CASE("without a disk there is one clear line, and the rest of the system works") {
    System system({});
    const std::string listing = system.run("ls /");
    CHECK_MESSAGE(listing.find("ls: ") == 0, listing);
    CHECK(std::count(listing.begin(), listing.end(), '\n') == 1);
    for (const std::string verb : {"start", "restart"}) {
        CHECK(system.run("service " + verb + " virtio_blk") == "service: virtio_blk: device pci:1af4:1042 index 0: no such device\n");
        CHECK(system.status() == 1);
    }
    CHECK(system.run("echo here") == "here\n");
    system.shut_down();
}

TEST_CASE("a prompt that dies because its memory has run out says so, here and in the crash record") {
    System system({.archive = kArchives + "/poor.archive"});
    std::string words = "echo";
    for (int i = 0; i < 30'000; ++i) words += " x";
    const std::string reason = "out of memory: its quota of 400 pages (1600 KiB) is used up";
    CHECK_THROWS_WITH_AS(system.run(words), doctest::Contains(("the prompt was restarted: " + reason + "\n").c_str()), PromptRestarted);
    CHECK(system.run("echo again") == "again\n");
    const std::string info = system.run("service info monitor");
    CHECK_MESSAGE(info.find("last death: " + reason + "\n") != std::string::npos, info);
    CHECK(system.run("log proc").find("monitor: died: out of memory\n") != std::string::npos);
    system.shut_down();
}

TEST_CASE("too little memory gives one clear line") {
    MachineOptions options;
    options.memory_mib = 24;
    Machine machine(options);
    const std::string log = machine.console().read_line(std::chrono::seconds(20));
    CHECK(log == "root: the core servers cannot be started: out of memory");
}
