// The rules of the manifest, each broken once, and the manifest of the tree.
#include <doctest/doctest.h>

#include <eft/failure_history.h>
#include <manifest_check.h>
#include <service_record.h>

#include <flatbuffers/idl.h>
#include <flatbuffers/util.h>

#include <set>
#include <string>
#include <vector>

using namespace eft;
using namespace eft::supervisor;

namespace {

struct AllPrograms final : Programs {
    std::set<std::string, std::less<>> known{"uart", "echo", "ext2", "monitor"};
    bool any = true;
    bool has(std::string_view name) const override { return any || known.contains(name); }
    std::string_view session_kinds(std::string_view name) const override {
        if (name == "vault") return "keeper guest token";
        if (name == "door") return "control client";
        if (name == "net") return "client server control";
        return name == "lamp" ? "user" : "";
    }
};

std::string read(const std::string& path) {
    std::string text;
    REQUIRE(flatbuffers::LoadFile(path.c_str(), false, &text));
    return text;
}

// As flatc compiles it.
std::vector<std::byte> compile(const std::string& json) {
    flatbuffers::Parser parser;
    REQUIRE(parser.Parse(read(EFT_MANIFEST_FOLDER "/manifest.fbs").c_str()));
    REQUIRE_MESSAGE(parser.ParseJson(json.c_str()), parser.error_);
    const auto* data = reinterpret_cast<const std::byte*>(parser.builder_.GetBufferPointer());
    return {data, data + parser.builder_.GetSize()};
}

struct Outcome {
    std::vector<std::string> lines;
    std::vector<bool> accepted;
    std::vector<unsigned> ranks;
};
Outcome outcome_of(const manifest::Manifest& manifest, const AllPrograms& programs) {
    std::array<Verdict, kMaxServices> verdicts{};
    check_manifest(manifest, programs, verdicts);
    Outcome outcome;
    for (unsigned i = 0; i < manifest.services()->size() && i < kMaxServices; ++i) {
        const Verdict& verdict = verdicts[i];
        CHECK(verdict.accepted == verdict.reason.empty());
        if (!verdict.accepted) outcome.lines.push_back(std::string(text(manifest.services()->Get(i)->name())) + ": " + std::string(verdict.reason.view()));
        outcome.accepted.push_back(verdict.accepted);
        outcome.ranks.push_back(verdict.rank);
    }
    return outcome;
}
Outcome check(const std::string& services, const AllPrograms& programs = {}) {
    const auto bytes = compile("{\"services\": [" + services + "]}");
    const auto manifest = read_manifest(bytes);
    REQUIRE(manifest.ok());
    return outcome_of(**manifest, programs);
}
std::string entry(const std::string& name, const std::string& rest = "", int priority = 30) {
    return "{\"name\": \"" + name + "\", \"priority\": " + std::to_string(priority) +
           (rest.empty() ? "" : ", " + rest) + "}";
}
void refused(const std::string& services, const std::string& line) {
    const Outcome verdict = check(services);
    REQUIRE(verdict.lines.size() == 1);
    CHECK(verdict.lines[0] == line);
    CHECK(std::count(verdict.accepted.begin(), verdict.accepted.end(), false) == 1);
}

}  // namespace

TEST_CASE("the tree's manifest keeps all rules") {
    const auto bytes = compile(read(EFT_MANIFEST_FOLDER "/manifest.json"));
    const auto manifest = read_manifest(bytes);
    REQUIRE(manifest.ok());
    CHECK(outcome_of(**manifest, AllPrograms()).lines == std::vector<std::string>{});
    CHECK((*manifest)->services()->size() > 0);
}

TEST_CASE("a good manifest") {
    const Outcome verdict = check(entry("uart", R"("kind": "Driver", "provides": ["console"], "device": {"match": "com1"})", 40) + "," +
                                  entry("ext2", R"("provides": ["file/0"])") + "," +
                                  entry("shell", R"("kind": "Program", "connects": ["console", "file/0"], "grants": ["rs:order"])", 10));
    CHECK(verdict.lines.empty());
    CHECK(verdict.accepted == std::vector<bool>{true, true, true});
}

TEST_CASE("who connects says which kind of session it gets, where the interface has several") {
    const std::string servers = entry("vault", R"("provides": ["vault"])") + "," + entry("door", R"("provides": ["door"])") + "," +
                                entry("lamp", R"("provides": ["lamp"])") + "," + entry("echo", R"("provides": ["echo"])");
    const auto with = [&](const std::string& wanted) { return servers + "," + entry("a", "\"connects\": [" + wanted + "]"); };
    const std::pair<const char*, const char*> good[] = {{R"("vault:guest", "door", "lamp", "echo")", "vault:2 door:2 lamp:1 echo"},
                                                        {R"("echo", "vault:token", "door:control", "lamp:user")", "echo vault:3 door:1 lamp:1"}};
    for (const auto& [wanted, allowed] : good) {
        const auto bytes = compile("{\"services\": [" + with(wanted) + "]}");
        const auto manifest = read_manifest(bytes);
        REQUIRE(manifest.ok());
        CHECK(outcome_of(**manifest, AllPrograms()).lines.empty());
        AllowedServices written;
        write_allowed(written, **manifest, AllPrograms(), *(*manifest)->services()->Get(4));
        CHECK(written.view() == allowed);
    }
    refused(with(R"("vault")"), "a: it connects to vault, but vault has the kinds of session keeper guest token");
    refused(with(R"("vault:boss")"), "a: it connects to vault:boss, but vault has the kinds of session keeper guest token");
    refused(with(R"("vault:")"), "a: it connects to vault:, but vault has the kinds of session keeper guest token");
    refused(with(R"("echo:client")"), "a: it connects to echo:client, but echo has no kinds of session");
    refused(with(R"("vault:guest", "vault:token")"), "a: it connects to vault twice");
    refused(with(R"("cellar:guest")"), "a: it connects to cellar, which nobody provides");
    refused(entry("a", R"("provides": ["a:b"])"), "a: it provides something without a proper name");
}

TEST_CASE("several drivers may provide the same, and who connects to it stands behind and below all of them") {
    const auto driver = [](const std::string& name, int priority, const std::string& rest = "") {
        return entry(name, R"("kind": "Driver", "provides": ["clock"], "device": {"match": ")" + name + "\"}" + rest, priority);
    };
    const std::string client = entry("client", R"("connects": ["clock"])", 40), base = entry("base", R"("provides": ["base"])", 50);
    const Outcome verdict = check(client + "," + driver("a", 40) + "," + driver("b", 40, R"(, "connects": ["base"])") + "," + base);
    CHECK(verdict.lines.empty());
    CHECK(verdict.ranks == std::vector<unsigned>{2, 0, 1, 0});
    refused(driver("a", 40) + "," + driver("b", 39) + "," + client, "client: it connects to clock, whose priority is below its own");
    refused(driver("a", 40) + "," + driver("b", 40, R"(, "program": "vault")") + "," + client,
            "client: it connects to clock, whose drivers have different kinds of session");
    refused(driver("a", 40) + "," + entry("b", R"("provides": ["clock"])", 40), "b: clock is provided twice");
    refused(entry("b", R"("provides": ["clock"])", 40) + "," + driver("a", 40), "a: clock is provided twice");
}

TEST_CASE("one line for each broken rule, and the others start") {
    refused(entry("a") + "," + entry("a"), "a: the name is used twice");
    refused(entry("mem"), "mem: the name belongs to a core server");
    refused(entry("a b"), "a b: a name is 1 to 31 characters without blanks");
    refused(entry("a", R"("connects": ["b"])"), "a: it connects to b, which nobody provides");
    refused(entry("a", R"("provides": ["x"])") + "," + entry("b", R"("provides": ["x"])"), "b: x is provided twice");
    refused(entry("a", R"("provides": ["x"])", 9) + "," + entry("b", R"("kind": "Program", "connects": ["x"])", 10),
            "b: it connects to x, whose priority is below its own");
    refused(entry("a", "", 56), "a: its priority must be 2 to 55, below its supervisor's");
    refused(entry("a", "", 1), "a: its priority must be 2 to 55, below its supervisor's");
    refused(entry("a", R"("grants": ["proc-control"])"), "a: there is no grant proc-control");
    refused(entry("a", R"("device": {"match": "com1"})"), "a: only drivers have a device");
    refused(entry("a", R"("kind": "Driver", "device": {"match": "com1"})", 40) + "," +
                entry("b", R"("kind": "Driver", "device": {"match": "com1"})", 40),
            "b: its device com1 has a driver already");
    refused(entry("a", R"("kind": "Driver", "device": {"match": "pci:8086:100e", "reset": [{}, {}, {}, {}, {}, {}, {}, {}, {}]})", 40),
            "a: its device's reset has more than 8 writes");
    refused(entry("a", R"("quota": 0)"), "a: its quota must be 16 to 65536 pages");
    refused(entry("a", R"("table_bits": 30)"), "a: its table_bits must be 8 to 16");
    refused(entry("a", R"("replies": 65)"), "a: its replies must be 2 to 64");
    refused(entry("a", R"("persistent_slots": 900)"), "a: its table_bits are too few for its persistent_slots");
    refused(entry("a", R"("restart": {"limit": 16})"), "a: its limit of restarts must be 1 to 15");
    refused(entry("a", R"("restart": {"session_limit": 0})"), "a: its session_limit must be 1 or more");
    refused(entry("a", R"("restart": {"overdue_clients": 17})"), "a: its overdue_clients must be at most 16");
    const auto reacts = [](const std::string& reactions) { return entry("b") + "," + entry("a", "\"restart\": {\"on_failure\": [" + reactions + "]}"); };
    CHECK(check(reacts(R"({"log": "oh"}, {"restart": "b"}, {"run": "b"})")).lines.empty());
    refused(reacts(R"({"log": "1"}, {"log": "2"}, {"log": "3"}, {"log": "4"}, {"log": "5"})"), "a: its on_failure has more than 4 reactions");
    refused(reacts("{}"), "a: a reaction in its on_failure is not one of log, restart and run");
    refused(reacts(R"({"log": "oh", "run": "b"})"), "a: a reaction in its on_failure is not one of log, restart and run");
    refused(reacts("{\"log\": \"" + std::string(96, 'x') + "\"}"), "a: a line in its on_failure is longer than 95 characters");
    refused(reacts(R"({"restart": "a"})"), "a: its on_failure names itself");
    refused(reacts(R"({"run": "c"})"), "a: its on_failure names c, which is no service of the manifest");
    refused(entry("a", R"("provides": ["a"], "by_order": true)"), "a: it provides something, but does not start with the system");
    refused(entry("a", R"("restart": {"initial_ms": 100, "cap_ms": 50})"), "a: its back-off begins above its cap");

    CHECK(check(entry("a", R"("grants": ["rs:order", "proc:control", "dev:list"])")).lines.empty());
    CHECK(check(entry("a", R"("grants": ["rs:log"])")).lines.empty());
    for (const std::string grant : {"rs", "rs:", "order", "rs:orders", "dev:control", "mem:control", "names:control", "proc:process"})
        refused(entry("a", "\"grants\": [\"dev:list\", \"" + grant + "\"]"), "a: there is no grant " + grant);
    refused(entry("a", R"("grants": ["rs:order", "dev:list", "rs:log"])"), "a: it is granted rs twice");
}

TEST_CASE("a program that is not in the boot archive") {
    AllPrograms programs;
    programs.any = false;
    const Outcome verdict = check(entry("echo") + "," + entry("second", R"("program": "echo")") + "," + entry("ghost"), programs);
    CHECK(verdict.lines == std::vector<std::string>{"ghost: there is no program ghost in the boot archive"});
    CHECK(verdict.accepted == std::vector<bool>{true, true, false});
}

TEST_CASE("more services than there is room for") {
    std::string services = entry("s0");
    for (unsigned i = 1; i <= kMaxServices; ++i) services += "," + entry("s" + std::to_string(i));
    const Outcome outcome = check(services);
    CHECK(outcome.lines.empty());
    CHECK(outcome.accepted.size() == kMaxServices);
}

namespace {

// Provides a name of its own, and connects to these.
std::string node(const std::string& name, const std::vector<std::string>& to) {
    std::string list;
    for (const std::string& each : to) list += (list.empty() ? "\"" : ", \"") + each + "\"";
    return entry(name, "\"provides\": [\"" + name + "\"], \"connects\": [" + list + "]");
}

}  // namespace

TEST_CASE("who is called starts before who calls, wherever they stand and of whatever kind they are") {
    const Outcome outcome = check(node("a", {"b", "c"}) + "," + node("b", {"c"}) + "," + node("c", {}) + "," + node("d", {"a"}) + "," + node("e", {}));
    CHECK(outcome.lines.empty());
    CHECK(outcome.ranks == std::vector<unsigned>{2, 1, 0, 3, 0});
    std::string chain = node("s0", {"s1"});
    for (unsigned i = 1; i < kMaxServices; ++i)
        chain += "," + node("s" + std::to_string(i), i + 1 < kMaxServices ? std::vector<std::string>{"s" + std::to_string(i + 1)} : std::vector<std::string>{});
    CHECK(check(chain).ranks.front() == kMaxServices - 1);
}

TEST_CASE("calls in a circle are refused by name, and nobody else is") {
    refused(node("a", {"a"}), "a: calls would go in a circle: a, a");
    const Outcome two = check(node("a", {"b"}) + "," + node("b", {"a"}) + "," + node("c", {"a"}) + "," + node("d", {}));
    CHECK(two.lines == std::vector<std::string>{"a: calls would go in a circle: a, b, a", "b: calls would go in a circle: b, a, b"});
    CHECK(two.accepted == std::vector<bool>{false, false, true, true});
    // Two circles with one service in common, and ways into and out of them.
    const Outcome three = check(node("a", {"b"}) + "," + node("b", {"c", "d"}) + "," + node("c", {"e", "a"}) + "," + node("d", {"b"}) + "," + node("e", {}) + "," +
                                node("f", {"a", "e"}));
    CHECK(three.lines == std::vector<std::string>{"a: calls would go in a circle: a, b, c, a", "b: calls would go in a circle: b, c, a, b",
                                                  "c: calls would go in a circle: c, a, b, c"});
    CHECK(three.accepted == std::vector<bool>{false, false, false, true, true, true});
}

TEST_CASE("damaged bytes are refused, or read as something harmless") {
    const auto good = compile(read(EFT_MANIFEST_FOLDER "/manifest.json"));
    u64 state = 7;
    const auto random = [&state] { return state = state * 6364136223846793005u + 1442695040888963407u, state >> 33; };
    unsigned refusals = 0;
    for (int i = 0; i < 5000; ++i) {
        auto bytes = good;
        for (u64 changes = random() % 4 + 1; changes > 0; --changes) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        if (bytes == good) continue;
        if (i % 5 == 0) bytes.resize(random() % bytes.size());
        // FlatBuffers wants its buffer aligned, as boot files are.
        const auto manifest = read_manifest(bytes);
        if (!manifest.ok()) {
            ++refusals;
            continue;
        }
        std::array<Verdict, kMaxServices> verdicts{};
        check_manifest(**manifest, AllPrograms(), verdicts);
    }
    CHECK(refusals > 100);
    CHECK_FALSE(read_manifest({}).ok());
}

TEST_CASE("the defaults of the schema are those that rs takes for an entry without a restart policy") {
    const auto bytes = compile("{\"services\": [" + entry("a", "\"restart\": {}") + "]}");
    const manifest::Restart& restart = *(*read_manifest(bytes))->services()->Get(0)->restart();
    CHECK(ticks(restart.initial_ms()) == kDefaultLimits.initial);
    CHECK(ticks(restart.cap_ms()) == kDefaultLimits.cap);
    CHECK(ticks(restart.stable_ms()) == kDefaultLimits.stable);
    CHECK(restart.limit() == kDefaultLimits.limit);
    CHECK(ticks(restart.window_ms()) == kDefaultLimits.window);
    CHECK(restart.session_limit() == kDefaultLimits.session_limit);
    CHECK(restart.overdue_clients() == kDefaultOverdueClients);
    CHECK(static_cast<Policy>(restart.policy()) == Policy::Always);
}
