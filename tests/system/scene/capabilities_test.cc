// Every capability that every process of the booted system holds, and why: the live tables, as `rpc rs Capabilities` shows
// them, against the manifest and the rules by which root and rs fill tables. A capability without a reason fails the test.
#include "system.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>

using namespace eft::qemu;
using nlohmann::json;

namespace {

// libos/include/eft/layout.h
constexpr unsigned kFirstNamed = 32, kFirstPersistent = 64;

struct Table {
    std::vector<json> capabilities;
    unsigned replies = 0, memory = 0;
};

Table table_of(System& system, const std::string& process) {
    Table table;
    for (unsigned after = 0;;) {
        const std::string printed = system.run("rpc rs Capabilities {\"name\": \"" + process + "\", \"after\": " + std::to_string(after) + "}");
        REQUIRE_MESSAGE(json::accept(printed), printed);
        const json part = json::parse(printed);
        for (const json& each : part.at("capabilities")) table.capabilities.push_back(each);
        table.replies += part.at("replies").get<unsigned>();
        table.memory += part.at("memory").get<unsigned>();
        after = part.at("next").get<unsigned>();
        if (after == 0) return table;
    }
}

std::string text(const json& capability, const char* key) { return capability.value(key, std::string()); }

// "Endpoint mem control 3": kind, whose, which kind of session, and its rights; the range of interrupts and ports.
std::string words_of(const json& capability) {
    std::string words = capability.at("kind");
    for (const char* key : {"peer", "session"})
        if (!text(capability, key).empty()) words += " " + text(capability, key);
    const auto data = capability.value("data", std::uint64_t{0});
    if (words == "IoPorts" || words == "Irq") words += " " + std::to_string(data & 0xffff'ffff) + "+" + std::to_string(data >> 32);
    const unsigned rights = capability.value("rights", 0u);
    return words + " r" + std::to_string(rights & 7);
}

using Words = std::vector<std::string>;

// What the first slots of every process hold, each with what it is for.
const std::map<unsigned, std::string> kOfEach = {
    {1, "CapTable r7"},       // its own table
    {2, "Thread r7"},         // its own thread
    {4, "Notification r2"},   // waits
    {5, "Notification r1"},   // tells its supervisor
    {9, "Notification r1"},   // base of what it hands out to be woken
};

struct Core {
    const char* name;
    Words named;               // as root grants them
    std::set<std::string> further;  // kinds that it may have behind them: what it makes, or keeps for others
    bool has_memory;           // untyped memory and frames
};

const std::string kLook = " r2";  // inspecting only

const Core kCore[] = {
    {"mem", {"AddressSpace r7"}, {"Endpoint mem", "Thread", "SchedContext", "AddressSpace", "Notification"}, true},
    {"proc",
     {"Endpoint mem control r1", "AddressSpace r7", "Thread" + kLook, "Thread" + kLook, "Thread" + kLook, "Thread" + kLook, "Thread" + kLook,
      "Thread" + kLook},
     {"Endpoint mem object", "Endpoint mem space", "Endpoint proc", "CapTable", "Thread", "Notification"}, false},
    {"dev", {"Endpoint mem device r1", "Irq 0+*", "IoPorts 3320+8 r7", "IoPorts 1016+8 r7", "IoPorts 64+4 r7", "AddressSpace r7"}, {"Endpoint dev driver", "Endpoint mem object", "Irq", "IoPorts"},
     false},
    {"names", {}, {"Endpoint", "Notification"}, false},
    // Each of its incarnations tells mem of its address space, and asks where the logs are.
    {"rs",
     {"Endpoint mem log r1", "Endpoint proc control r1", "Endpoint dev control r1", "Endpoint dev list r1", "Endpoint names control r1", "IoPorts 1540+2 r7",
      "IoPorts 3321+1 r7", "AddressSpace r7", "CapTable" + kLook, "CapTable" + kLook, "CapTable" + kLook, "CapTable" + kLook, "CapTable" + kLook,
      "CapTable" + kLook},
     {"Endpoint mem object", "Endpoint dev driver", "Endpoint", "CapTable", "Notification"}, false},
};

bool is_hardware(const std::string& words) { return words.starts_with("Irq") || words.starts_with("IoPorts"); }

// The named part of a service's table, in the order in which rs fills it.
Words named_of(const json& service) {
    Words words;
    if (service.contains("device")) words.push_back("Endpoint dev driver r1");
    for (const std::string grant : service.value("grants", json::array())) {
        const auto colon = grant.find(':');
        words.push_back("Endpoint " + grant.substr(0, colon) + " " + grant.substr(colon + 1) + " r1");
    }
    return words;
}

// The interrupts and ports of a device.
bool belongs_to(const std::string& device, const std::string& words) {
    if (device == "com1") return words == "IoPorts 1016+8 r7" || words == "Irq 4+1 r7";
    const unsigned first = words.starts_with("Irq ") ? static_cast<unsigned>(std::stoul(words.substr(4))) : ~0u;
    if (!words.ends_with("+1 r7")) return false;
    if (device == "hpet") return first < 24;  // a line of the I/O APIC
    return device.starts_with("pci:") && first >= 24 && first < 256;  // messages
}

}  // namespace

TEST_CASE("each process holds what the manifest and the rules of the start give it, and nothing else") {
    const TestDisk disk(1);
    System system({.disk = disk.path(), .cards = {{}}});
    system.run("sha256sum /big.bin");  // everybody has been at work
    const json manifest = json::parse(std::ifstream(std::string(EFT_SOURCE_DIR) + "/images/manifest/manifest.json"));
    std::map<std::string, std::string> provider;
    for (const json& service : manifest.at("services"))
        for (const std::string name : service.value("provides", json::array())) provider.emplace(name, service.at("name"));  // of several the first one runs

    unsigned all = 0;
    std::set<std::string> hardware_of_drivers;
    for (const json& service : manifest.at("services")) {
        const std::string name = service.at("name");
        CAPTURE(name);
        const json provided = service.value("provides", json::array());
        if (!provided.empty() && provider.at(provided.at(0)) != name) {
            CHECK(system.run("service info " + name).find("not needed: " + provider.at(provided.at(0)) + " provides the same") != std::string::npos);
            continue;
        }
        std::map<unsigned, std::string> expected = kOfEach;
        expected[3] = "Endpoint " + name + " r2";  // receives
        expected[6] = "Endpoint mem space r1";
        expected[7] = "Endpoint proc process r1";
        // names is for those who connect to something, or provide something.
        if (!service.value("connects", json::array()).empty() || !service.value("provides", json::array()).empty()) expected[8] = "Endpoint names client r1";
        unsigned slot = kFirstNamed;
        for (const std::string& words : named_of(service)) expected[slot++] = words;
        std::set<std::string> further = {"Endpoint mem object r1",  // memory of its own, of its rings, of its clients' rings
                                         "Notification r1"};        // wakes peers, and itself
        if (name == "monitor") further.insert("Thread r7");  // makes the calls of rpc, which may wait
        for (const std::string wanted : service.value("connects", json::array())) {
            const auto colon = std::min(wanted.find(':'), wanted.size());
            const std::string kind = colon == wanted.size() ? "" : " " + wanted.substr(colon + 1);
            further.insert("Endpoint " + provider.at(wanted.substr(0, colon)) + kind + " r1");
        }
        const Table table = table_of(system, name);
        all += static_cast<unsigned>(table.capabilities.size());
        CHECK(table.memory == 0);
        for (const json& capability : table.capabilities) {
            const std::string words = words_of(capability);
            const unsigned at = capability.at("slot");
            CAPTURE(at);
            CAPTURE(words);
            if (at < kFirstPersistent) {
                REQUIRE(expected.contains(at));
                CHECK(words == expected.at(at));
                expected.erase(at);
            } else if (is_hardware(words)) {
                REQUIRE(service.contains("device"));
                CHECK(belongs_to(service.at("device").at("match"), words));
                CHECK(hardware_of_drivers.insert(words).second);  // nobody else has it
            } else {
                CHECK(further.contains(words));
            }
        }
        CHECK_MESSAGE(expected.empty(), (expected.empty() ? std::string() : expected.begin()->second + " is missing"));
    }

    std::set<std::string> hardware_of_dev;
    for (const Core& core : kCore) {
        const std::string name = core.name;
        CAPTURE(name);
        std::map<unsigned, std::string> expected = kOfEach;
        expected[3] = "Endpoint " + name + " r3";  // receives, and makes its sessions of it
        if (name == "dev" || name == "rs") expected[6] = "Endpoint mem space r1";
        unsigned slot = kFirstNamed;
        for (const std::string& words : core.named) expected[slot++] = words;
        const Table table = table_of(system, name);
        all += static_cast<unsigned>(table.capabilities.size());
        CHECK((table.memory != 0) == core.has_memory);
        for (const json& capability : table.capabilities) {
            const std::string words = words_of(capability);
            const unsigned at = capability.at("slot");
            CAPTURE(at);
            CAPTURE(words);
            if (at < kFirstPersistent && expected.contains(at)) {
                if (expected.at(at).ends_with("*")) CHECK(words.starts_with(expected.at(at).substr(0, expected.at(at).size() - 1)));
                else CHECK(words == expected.at(at));
                expected.erase(at);
                continue;
            }
            const bool known = std::any_of(core.further.begin(), core.further.end(), [&](const std::string& kind) { return words.starts_with(kind); });
            CHECK(known);
            if (is_hardware(words)) hardware_of_dev.insert(words);
            // Nobody else has control of a core server.
            for (const char* of : {"mem control", "mem device", "mem log", "proc control", "dev control", "names control"})
                CHECK(words.find(of) == std::string::npos);
        }
        CHECK_MESSAGE(expected.empty(), (expected.empty() ? std::string() : expected.begin()->second + " is missing"));
    }
    CHECK(hardware_of_dev == hardware_of_drivers);  // what it has handed out

    // root made the core servers of memory that it keeps, and keeps all interrupts, and of the ports those of its clock.
    const Table root = table_of(system, "root");
    CHECK(root.memory != 0);
    unsigned hardware = 0;
    for (const json& capability : root.capabilities) {
        const std::string words = words_of(capability);
        CAPTURE(words);
        hardware += is_hardware(words);
        const auto allowed = {"CapTable", "Thread", "AddressSpace", "Irq 0+192 r7", "IoPorts 112+2 r7", "Endpoint", "Notification", "SchedContext"};
        CHECK(std::any_of(allowed.begin(), allowed.end(), [&](const char* kind) { return words.starts_with(kind); }));
        CHECK(text(capability, "session").empty());  // it calls nobody
    }
    CHECK(hardware == 2);
    MESSAGE(all, " capabilities, and ", root.capabilities.size(), " of root");
    system.shut_down();
}
