// What `service list` and `service info` say: recoveries of every service, reasons, and capabilities, compared with the
// manifest.
#include "system.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

using namespace eft::qemu;
using nlohmann::json;

namespace {

struct Capability {
    unsigned slot;
    std::string words;  // badges, and bits of notifications, are N
};

constexpr unsigned kFirstNamed = 32, kFirstPersistent = 64;  // libos/include/eft/layout.h

std::vector<Capability> capabilities(const std::string& info) {
    std::vector<Capability> found;
    std::istringstream lines(info.substr(info.find("capabilities:\n")));
    std::string line;
    for (std::getline(lines, line); std::getline(lines, line);) {
        std::istringstream words(line);
        Capability capability;
        if (!(words >> capability.slot)) continue;  // "replies: 19"
        std::getline(words >> std::ws, capability.words);
        capability.words = std::regex_replace(capability.words, std::regex("(badge|session) [0-9]+"), "$1 N");
        capability.words = std::regex_replace(capability.words, std::regex("bits 0x[0-9a-f]+"), "bits N");
        found.push_back(capability);
    }
    return found;
}

// What rs puts into the table: what every service has, the device, the grants.
std::vector<std::string> below_persistent(const json& service) {
    const std::string name = service.at("name");
    std::vector<std::string> expected = {
        "1 capability table", "2 thread", "3 endpoint of " + name + ", receive", "4 notification, wait", "5 notification bits N, signal",
        "6 endpoint of mem, space session N, send", "7 endpoint of proc, process session N, send", "8 endpoint of names, client session N, send", "9 notification, signal"};
    unsigned slot = kFirstNamed;
    if (service.contains("device")) expected.push_back(std::to_string(slot++) + " device: endpoint of dev, driver session N, send");
    for (const std::string grant : service.value("grants", json::array())) {
        const std::string server = grant.substr(0, grant.find(':')), kind = grant.substr(grant.find(':') + 1);
        expected.push_back(std::to_string(slot++) + " " + server + ": endpoint of " + server + ", " + kind + " session N, send");
    }
    return expected;
}

// The interrupts and ports that a driver of this device has opened, and no others.
std::regex hardware_of(const std::string& device) {
    if (device == "com1") return std::regex("ports 0x3f8 to 0x3ff;interrupt 4;");
    if (device == "hpet") return std::regex("interrupt ([0-9]|1[0-9]|2[0-3]);");  // a line of the I/O APIC
    if (device.starts_with("pci:")) return std::regex("(interrupt (2[4-9]|[3-9][0-9]|1[0-9][0-9]);)+");  // messages only
    throw std::runtime_error("what belongs to the device " + device + "?");
}

bool is_hardware(const std::string& words) { return words.starts_with("interrupt") || words.starts_with("ports"); }

}  // namespace

TEST_CASE("`service info` of each driver lists what the manifest gives it, all of it and nothing else") {
    const TestDisk disk(1);
    const json manifest = json::parse(std::ifstream(std::string(EFT_SOURCE_DIR) + "/images/manifest/manifest.json"));
    System system({.disk = disk.path(), .cards = {{}}});
    CHECK(sum_in(system.run("sha256sum /big.bin")) == disk.sum());  // everybody has been at work
    std::map<std::string, std::string> provider;
    for (const json& service : manifest.at("services")) {
        for (const std::string name : service.value("provides", json::array())) provider.emplace(name, service.at("name"));
    }

    std::set<std::string> hardware_of_others;
    unsigned drivers = 0;
    for (const json& service : manifest.at("services")) {
        if (service.value("kind", "Server") != "Driver") continue;
        const std::string name = service.at("name");
        if (provider.at(service.at("provides").at(0)) != name) continue;  // of several that provide the same the first one runs
        ++drivers;
        const std::string info = system.run("service info " + name);
        std::set<std::string> peers = {"mem"};  // memory objects of its own and of its clients
        for (const std::string wanted : service.value("connects", json::array())) peers.insert(provider.at(wanted));

        std::vector<std::string> named;
        std::string hardware;
        for (const Capability& capability : capabilities(info)) {
            const std::string line = std::to_string(capability.slot) + " " + capability.words;
            if (capability.slot < kFirstPersistent) {
                named.push_back(line);
            } else if (is_hardware(capability.words)) {
                CHECK_MESSAGE(hardware_of_others.insert(capability.words).second, info);
                hardware += capability.words + ";";
            } else if (capability.words.starts_with("endpoint of ")) {
                const std::string peer = capability.words.substr(12, capability.words.find(',') - 12);
                CHECK_MESSAGE(peers.contains(peer), info);
                CHECK_MESSAGE(capability.words == "endpoint of " + peer + (peer == "mem" ? ", object session N, send" : ", badge N, send"), info);
            } else {
                CHECK_MESSAGE(capability.words == "notification bits N, signal", info);
            }
        }
        CHECK_MESSAGE(named == below_persistent(service), info);
        CHECK_MESSAGE(std::regex_match(hardware, hardware_of(service.at("device").at("match"))), info);
    }
    CHECK(drivers >= 3);
    system.shut_down();
}

TEST_CASE("every service that came back shows how long it took, also soon after the start") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    const std::string victims[] = {"hpet", "uart", "virtio_blk", "log", "ext2", "echo", "counter", "canary"};
    for (const std::string& victim : victims) CHECK(system.run("service kill " + victim) == "");
    system.run("sleep 300");
    const auto services = system.services();
    for (const std::string& victim : victims) {
        INFO(victim);
        CHECK(services.at(victim).state == "up");
        CHECK(services.at(victim).last_recovery_us > 0);
        CHECK(services.at(victim).last_recovery_us < 5'000'000);
    }
    CHECK(services.at("monitor").last_recovery_us == 0);
    CHECK(system.run("service info monitor").find("last recovery: none\n") != std::string::npos);

    // And when it first did something for somebody: by ring, by call.
    system.run("cat /hello.txt");
    system.run("log rs");
    for (const std::string victim : {"hpet", "uart", "virtio_blk", "log", "ext2"}) {
        const std::string info = system.run("service info " + victim);
        CHECK_MESSAGE(std::regex_search(info, std::regex("noticed [0-9]+ silenced [0-9]+ revoked [0-9]+ spawned [0-9]+ ready [0-9]+ first request [0-9]+\n")), info);
    }
    system.shut_down();
}

TEST_CASE("`service watch` tells of deaths and returns, also of those that happened while the prompt itself was dead") {
    System system({});
    system.run("service wait canary");  // the last one to come up: it runs when nobody else does
    system.run("service watch 0");      // from here on
    CHECK(system.run("service kill echo; service wait echo") == "");
    CHECK(system.run("service kill counter --signal crash; service wait counter") == "");
    std::string changes = system.run("service watch 0");
    CHECK_MESSAGE(std::regex_search(changes, std::regex("[0-9]+\\.[0-9]{6} echo: died, an order; starting, incarnation 2\n")), changes);
    CHECK_MESSAGE(changes.find(" echo: up, incarnation 2\n") != std::string::npos, changes);
    CHECK_MESSAGE(changes.find(" counter: died, CPU exception 6, invalid opcode; ") != std::string::npos, changes);
    CHECK(system.run("service watch 0") == "");  // each once

    // As they come.
    system.run("service watch 2 &");
    changes = system.run("service kill echo; sleep 300; wait");
    CHECK_MESSAGE(changes.find(" echo: died, an order; starting, incarnation 3\n") != std::string::npos, changes);
    CHECK_MESSAGE(changes.find(" echo: up, incarnation 3\n") != std::string::npos, changes);

    // The subscriber dies with changes that it has not seen.
    CHECK_THROWS_AS(system.run("service kill echo; service wait echo; service kill monitor"), PromptRestarted);
    system.run("sleep 300");
    changes = system.run("service watch 0");
    CHECK_MESSAGE(changes.find(" echo: up, incarnation 4\n") != std::string::npos, changes);
    CHECK_MESSAGE(changes.find(" monitor: died, an order; starting, incarnation 2\n") != std::string::npos, changes);
    CHECK_MESSAGE(changes.find(" monitor: up, incarnation 2\n") != std::string::npos, changes);

    // More than the queue holds.
    for (int round = 0; round < 10; ++round) system.run("service kill echo; service wait echo");
    changes = system.run("service watch 0");
    CHECK_MESSAGE(std::regex_search(changes, std::regex("^\\([0-9]+ changes were missed\\)\n")), changes);
    system.shut_down();
}

TEST_CASE("what happens soon after the start has a time, too") {
    System system({.icount = true});  // some 10 ms of its time, in which rs's tick has not come yet
    system.run("service watch 0");
    system.run("service kill echo; service wait echo");
    const std::string changes = system.run("service watch 0");
    CHECK_MESSAGE(changes.find(" echo: up, incarnation 2\n") != std::string::npos, changes);
    CHECK_MESSAGE(changes.find("0.000000") == std::string::npos, changes);
    system.shut_down();
}

TEST_CASE("the reason of an ordered death is said once") {
    System system({});
    system.run("service kill echo --signal hang");
    for (int round = 0; round < 40 && system.services().at("echo").restarts == 0; ++round) system.run("sleep 100");
    std::string info = system.run("service info echo");
    CHECK_MESSAGE(info.find("last death: missed heartbeats; 2 in a row (ordered)\n") != std::string::npos, info);
    system.run("service kill echo --signal crash; service wait echo");
    info = system.run("service info echo");
    CHECK_MESSAGE(info.find("last death: CPU exception 6, invalid opcode (ordered)\n") != std::string::npos, info);
    system.run("service kill echo; service wait echo");
    info = system.run("service info echo");
    CHECK_MESSAGE(info.find("last death: an order\n") != std::string::npos, info);
    system.shut_down();
}
