// `rpc` against every service of the booted system: its answers are what other commands say, its refusals are one line.
#include "system.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace eft::qemu;
using nlohmann::json;

namespace {

// The answer, which is one line of JSON.
json rpc(System& system, const std::string& words) {
    const std::string printed = system.run("rpc " + words);
    REQUIRE_MESSAGE(json::accept(printed), printed);
    CHECK(std::count(printed.begin(), printed.end(), '\n') == 1);
    return json::parse(printed);
}

// What it complains of, in one line, with status 1.
std::string refusal(System& system, const std::string& words) {
    const std::string printed = system.run("rpc " + words);
    CHECK_MESSAGE(printed.starts_with("rpc: "), printed);
    CHECK(std::count(printed.begin(), printed.end(), '\n') == 1);
    CHECK(system.status() == 1);
    return printed.substr(5, printed.size() - 6);
}

// The answers of a method with a cursor, to the last.
template <class Visit>
unsigned for_each(System& system, const std::string& method, const char* cursor, Visit visit) {
    unsigned count = 0;
    for (long after = 0;; ++count) {
        const std::string printed = system.run("rpc " + method + " {\"after\": " + std::to_string(after) + "}");
        if (printed.ends_with(": not found\n")) return count;
        REQUIRE_MESSAGE(json::accept(printed), printed);
        const json line = json::parse(printed);
        after = line.at(cursor);
        visit(line);
    }
}

std::string lower(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word;
}

}  // namespace

TEST_CASE("rpc lists every service of the manifest, and each that the prompt may call answers") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    std::map<std::string, std::string> interfaces;
    std::istringstream lines(system.run("rpc"));
    std::string line;
    std::getline(lines, line);
    CHECK(line == "SERVICE          PROVIDED BY      INTERFACE");
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string name, provider, interface;
        words >> name >> provider >> interface;
        interfaces[name] = interface;
    }
    const json manifest = json::parse(std::ifstream(std::string(EFT_SOURCE_DIR) + "/images/manifest/manifest.json"));
    std::vector<std::string> allowed = {"mem", "proc", "names"};
    for (const json& service : manifest.at("services")) {
        for (const std::string name : service.value("provides", json::array())) CHECK_MESSAGE(interfaces.contains(name), name);
        if (service.at("name") != "monitor") continue;
        for (const std::string session : service.at("connects")) allowed.push_back(session.substr(0, session.find(':')));
        for (const std::string session : service.at("grants")) allowed.push_back(session.substr(0, session.find(':')));
    }
    for (const std::string& name : allowed) {
        CHECK_MESSAGE((interfaces.contains(name) && interfaces.at(name) != "-"), name);
        CHECK(system.run("rpc " + name).starts_with(interfaces.at(name) + ", interface "));
        CHECK(system.status() == 0);
    }
    CHECK(interfaces.at("block/0") == "-");
    CHECK(refusal(system, "block/0 Flush") == "block/0: the manifest does not let monitor connect to it");
    CHECK(system.run("rpc Block").find("Flush {} -> {}\n      through a ring (not by rpc), idempotent") != std::string::npos);
    system.shut_down();
}

TEST_CASE("what rpc answers is what other commands say") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});

    CHECK(rpc(system, "echo Ping") == json::object());
    CHECK(rpc(system, R"(echo Repeat {"a": 1, "b": 18446744073709551615, "d": 4})") == json({{"a", 1}, {"b", ~0ull}, {"c", 0}, {"d", 4}}));
    CHECK(rpc(system, R"(echo Say {"text": "a \"b\" \\ \u00e4 {;&} \n"})").at("text") == "a \"b\" \\ \u00e4 {;&} \n");
    CHECK(system.run(R"(rpc echo Say '{"text": "\udcff\u001b[31m"}')") == "{\"text\": \"\\udcff\\u001b[31m\"}\n");
    CHECK(rpc(system, R"(counter Add {"amount": 5})").at("value") == 5);
    CHECK(rpc(system, R"(counter Add {"amount": 37})").at("value") == 42);

    const auto before = rpc(system, "timer Now").at("now_ns").get<unsigned long long>();
    const std::string uptime = system.run("uptime");
    const auto after = rpc(system, "hpet Now").at("now_ns").get<unsigned long long>();
    unsigned hours = 0, minutes = 0, seconds = 0, milliseconds = 0;
    REQUIRE(std::sscanf(uptime.c_str(), "up %u:%u:%u.%u", &hours, &minutes, &seconds, &milliseconds) == 4);
    const unsigned long long between = ((hours * 60 + minutes) * 60ull + seconds) * 1000 + milliseconds;
    CHECK(before / 1'000'000 <= between);
    CHECK(between <= after / 1'000'000);

    const auto services = system.services();
    const unsigned listed = for_each(system, "rs Next", "index", [&](const json& line) {
        const std::string name = line.at("name");
        REQUIRE_MESSAGE(services.contains(name), name);
        CHECK(services.at(name).pid == line.at("pid"));
        CHECK(services.at(name).kind == lower(line.at("kind")));
        CHECK(services.at(name).state == lower(line.at("state")));
    });
    CHECK(listed == services.size());
    const std::string processes = system.run("ps");
    const unsigned running = for_each(system, "proc Next", "pid", [&](const json& line) {
        CHECK(processes.find(" " + line.at("name").get<std::string>() + " ") != std::string::npos);
    });
    CHECK(running + 1 == std::count(processes.begin(), processes.end(), '\n'));
    std::string devices;
    for_each(system, "dev Next", "index", [&](const json& line) { devices += line.at("text").get<std::string>() + "\n"; });
    for (const char* device : {"1af4:1042", "com1", "hpet"}) CHECK_MESSAGE(devices.find(device) != std::string::npos, devices);
    CHECK(rpc(system, "mem Info").at("total").get<long>() * 4 == system.free().at("TOTAL_KIB"));

    CHECK(rpc(system, R"(file/0 Stat {"path": "/big.bin"})").at("size").get<unsigned long long>() == disk.bytes());
    CHECK(rpc(system, R"(ext2 Stat {"path": "/dir"})").at("type") == "Directory");
    CHECK(rpc(system, "ext2 StatFs").at("kind") == "ext2");
    rpc(system, R"(ext2 Open {"path": "/hello.txt", "handle": 3})");
    CHECK(rpc(system, R"(ext2 StatHandle {"handle": 3})").at("size") == 20);
    rpc(system, R"(ext2 Open {"path": "/", "handle": 0})");
    const json listing = rpc(system, R"(ext2 ReadDirectory {"handle": 0})");
    const std::vector<unsigned char> bytes = listing.at("entries");
    const std::string entries(bytes.begin(), bytes.end());
    for (const char* name : {"big.bin", "hello.txt", "dir"}) CHECK_MESSAGE(entries.find(name) != std::string::npos, name);
    CHECK(listing.at("end") == true);
    const std::string log = rpc(system, R"(log Read {"service": "virtio_blk"})").at("text");
    CHECK(system.run("log virtio_blk").starts_with(log));
    CHECK(system.run(R"(rpc console Write {"bytes": "written by rpc\r\n"})").find("written by rpc\n{\"count\": 16}") != std::string::npos);

    // Nested tables, as `service info` has them in words.
    system.run("service kill virtio_blk --signal crash; service wait virtio_blk");
    const std::string words = system.run("service info virtio_blk");
    const json info = rpc(system, R"(rs Info {"name": "virtio_blk"})");
    CHECK(info.at("state") == "Up");
    CHECK(info.at("device").at("match") == "pci:1af4:1042");
    const json& death = info.at("last_death");
    CHECK(death.at("reason") == "Exception");
    CHECK(words.find("last death: " + death.at("words").get<std::string>() + " (ordered)\n") != std::string::npos);
    CHECK(words.find(" revoked " + death.at("recovery").at("revoked").dump() + " ") != std::string::npos);
    CHECK(words.find("last recovery: " + info.at("last_recovery_us").dump() + " us\n") != std::string::npos);
    for (const json& capability : info.at("capabilities"))
        CHECK(words.find("\n  " + capability.at("slot").dump() + " ") != std::string::npos);
    CHECK(words.find("\n  replies: " + info.at("replies").dump() + "\n") != std::string::npos);
    CHECK(info.at("left_out") == 0);
    for (const json& message : rpc(system, R"(rs Messages {"name": "virtio_blk"})").at("messages"))
        CHECK(words.find(", badge " + message.at("badge").dump() + ": ") != std::string::npos);

    const json session = rpc(system, R"(names Connect {"name": "echo"})");
    CHECK(session.at("session") == "capability to endpoint, dropped");
    CHECK(rpc(system, "names Disconnect {\"badge\": " + session.at("badge").dump() + "}") == json::object());
    system.shut_down();
}

TEST_CASE("what cannot be called is refused in one line") {
    System system({});
    CHECK(refusal(system, "nothing Ping") == "nothing: there is no such service; rpc alone lists them");
    CHECK(refusal(system, "echo Pong") == "echo: Echo has no method Pong; it has Ping, Repeat, Say");
    CHECK(refusal(system, R"(echo Ping {"a": 1})") == "echo Ping: JSON at 2: Empty has no field a; it has none");
    CHECK(refusal(system, "echo Say '{\"text\": 5'") == "echo Say: JSON at 10: a string is wanted");
    CHECK(refusal(system, "echo Repeat '{\"a\": 1 \"b\": 2}'") == "echo Repeat: JSON at 9: ',' or '}' is wanted");
    CHECK(refusal(system, "echo Repeat 5") == "echo Repeat: JSON at 1: an object is wanted: {\"NAME\": VALUE}");
    CHECK(refusal(system, "echo Say {\"text\": \"" + std::string(65, 'x') + "\"}") == "echo Say: JSON at 10: text: has 65 bytes; its bound is 64");
    CHECK(refusal(system, R"(echo Ping {} {})").starts_with("{}: too many arguments; usage: rpc "));
    CHECK(refusal(system, R"(rs Kill {"name": "echo", "signal": "Bang"})") == "rs Kill: JSON at 28: signal: Bang is no KillSignal; there are None, Kill, Hang, Crash");
    CHECK(refusal(system, R"(rs Info {"name": "nobody"})") == "rs Info: not found");
    CHECK(refusal(system, R"(mem DestroySpace {"id": 1})") == "mem DestroySpace: permission denied");
    CHECK(refusal(system, R"(dev Assign {"device": "com1"})") == "dev Assign: permission denied");
    CHECK(refusal(system, "timer Attach") == "timer Attach: JSON at 1: wake: is missing: a capability to notification, which rpc cannot give");
    CHECK(system.run("rpc echo Say {\"text\": 5") == "monitor: the brace { is not closed; nothing of the line was run\n");
    CHECK(rpc(system, "echo Ping") == json::object());
    system.shut_down();
}

TEST_CASE("calls go on when their servers are killed, as the interface has it") {
    const TestDisk disk(1);
    System system({.disk = disk.path()});
    for (unsigned i = 1; i <= 5; ++i) {
        CHECK(rpc(system, R"(counter Add {"amount": 7})").at("value") == 7 * i);
        system.run("service kill counter --signal " + std::string(i % 2 ? "kill" : "crash"));
        CHECK(rpc(system, "counter Get").at("value") == 7 * i);
    }
    CHECK(system.services().at("counter").restarts == 5);
    const std::map<std::string, std::string> calls = {
        {"hpet", "timer Now"}, {"uart", R"(console Write {"bytes": []})"}, {"log", "log Read"}, {"ext2", "ext2 StatFs"}, {"echo", "echo Ping"}};
    for (const auto& [victim, call] : calls) {
        rpc(system, call);
        for (unsigned i = 0; i < 3; ++i) {
            system.run("service kill " + victim);
            rpc(system, call);
        }
        CHECK_MESSAGE(system.services().at(victim).restarts == 3, victim);
    }
    // Handles are the incarnation's: rpc says so, and does not invent them.
    rpc(system, R"(ext2 Open {"path": "/hello.txt", "handle": 3})");
    system.run("service kill ext2");
    CHECK(refusal(system, R"(ext2 StatHandle {"handle": 3})") == "ext2 StatHandle: stale session");
    rpc(system, R"(ext2 Open {"path": "/hello.txt", "handle": 3})");
    CHECK(rpc(system, R"(ext2 StatHandle {"handle": 3})").at("size") == 20);

    system.run("service stop echo");
    CHECK(refusal(system, "echo Ping") == "echo Ping: service held (echo is down; service start echo starts it)");
    system.run("service start echo");
    CHECK(rpc(system, "echo Ping") == json::object());
    system.shut_down();
}

TEST_CASE("capabilities and memory of calls leave nothing behind") {
    System system({});
    const auto round = [&] {
        CHECK(rpc(system, R"(mem CreateObject {"bytes": 65536})").at("object") == "capability to memory, dropped");
        CHECK(rpc(system, R"(mem Release {"object": {"bytes": 8192}})") == json::object());
        CHECK(rpc(system, "mem BootArchive").at("bytes") > 100'000);
        CHECK(rpc(system, R"(rs Log {"after": 0})").at("memory") == "capability to memory, dropped");
        const json session = rpc(system, R"(names Connect {"name": "counter"})");
        rpc(system, "names Disconnect {\"badge\": " + session.at("badge").dump() + "}");
    };
    round();
    system.run("sleep 1500");  // the services' next incarnations are prepared
    const auto before = system.free();
    for (unsigned i = 0; i < 20; ++i) round();
    system.run("sleep 1500");
    const auto after = system.free();
    CHECK(after.at("objects") == before.at("objects"));
    CHECK(after.at("slots") == before.at("slots"));
    CHECK(after.at("USED_KIB") <= before.at("USED_KIB") + 64);
    system.shut_down();
}
