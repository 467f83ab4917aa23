// The rules of the manifest, each broken once, and the manifest of the tree.
#include <doctest/doctest.h>

#include <failure_history.h>
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
};
struct Lines final : Complaints {
    std::vector<std::string> lines;
    void add(std::string_view line) override { lines.emplace_back(line); }
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

struct Verdict {
    std::vector<std::string> lines;
    std::vector<bool> accepted;
};
Verdict check(const std::string& services, const AllPrograms& programs = {}) {
    const auto bytes = compile("{\"services\": [" + services + "]}");
    const auto manifest = read_manifest(bytes);
    REQUIRE(manifest.ok());
    Lines lines;
    std::array<bool, kMaxServices> accepted{};
    check_manifest(**manifest, programs, accepted, lines);
    Verdict verdict{lines.lines, {}};
    for (unsigned i = 0; i < (*manifest)->services()->size() && i < kMaxServices; ++i) verdict.accepted.push_back(accepted[i]);
    return verdict;
}
std::string entry(const std::string& name, const std::string& rest = "", int level = 6, int priority = 30) {
    return "{\"name\": \"" + name + "\", \"level\": " + std::to_string(level) + ", \"priority\": " + std::to_string(priority) +
           (rest.empty() ? "" : ", " + rest) + "}";
}
void refused(const std::string& services, const std::string& line) {
    const Verdict verdict = check(services);
    REQUIRE(verdict.lines.size() == 1);
    CHECK(verdict.lines[0] == "manifest: " + line);
    CHECK(std::count(verdict.accepted.begin(), verdict.accepted.end(), false) == 1);
}

}  // namespace

TEST_CASE("the tree's manifest keeps all rules") {
    const auto bytes = compile(read(EFT_MANIFEST_FOLDER "/manifest.json"));
    const auto manifest = read_manifest(bytes);
    REQUIRE(manifest.ok());
    Lines lines;
    std::array<bool, kMaxServices> accepted{};
    check_manifest(**manifest, AllPrograms(), accepted, lines);
    CHECK(lines.lines == std::vector<std::string>{});
    CHECK((*manifest)->services()->size() > 0);
}

TEST_CASE("a good manifest") {
    const Verdict verdict = check(entry("uart", R"("kind": "Driver", "provides": ["console"], "device": {"match": "com1"})", 5, 40) + "," +
                                  entry("ext2", R"("provides": ["file/0"])") + "," +
                                  entry("shell", R"("kind": "Program", "connects": ["console", "file/0"], "grants": ["rs:order"])", 7, 10));
    CHECK(verdict.lines.empty());
    CHECK(verdict.accepted == std::vector<bool>{true, true, true});
}

TEST_CASE("one line for each broken rule, and the others start") {
    refused(entry("a") + "," + entry("a"), "a: the name is used twice");
    refused(entry("mem"), "mem: the name belongs to a core server");
    refused(entry("a b"), "a b: a name is 1 to 31 characters without blanks");
    refused(entry("a", R"("connects": ["b"])"), "a: it connects to b, which nobody provides");
    refused(entry("a", R"("provides": ["x"])") + "," + entry("b", R"("provides": ["x"])"), "b: x is provided twice");
    refused(entry("a", R"("provides": ["x"])") + "," + entry("b", R"("connects": ["x"])"),
            "b: it connects to x, which is not below it: calls go only downwards");
    refused(entry("a", R"("provides": ["x"])", 6, 9) + "," + entry("b", R"("kind": "Program", "connects": ["x"])", 7, 10),
            "b: it connects to x, whose priority is below its own");
    refused(entry("a", R"("kind": "Program")", 6), "a: its level must be 5 for a driver, 6 for a server, 7 for a program");
    refused(entry("a", R"("kind": "Driver")", 4), "a: its level must be 5 for a driver, 6 for a server, 7 for a program");
    refused(entry("a", "", 6, 56), "a: its priority must be 2 to 55, below its supervisor's");
    refused(entry("a", "", 6, 1), "a: its priority must be 2 to 55, below its supervisor's");
    refused(entry("a", R"("grants": ["proc-control"])"), "a: there is no grant proc-control");
    refused(entry("a", R"("device": {"match": "com1"})"), "a: only drivers have a device");
    refused(entry("a", R"("kind": "Driver", "device": {"match": "com1"})", 5, 40) + "," +
                entry("b", R"("kind": "Driver", "device": {"match": "com1"})", 5, 40),
            "b: its device com1 has a driver already");
    refused(entry("a", R"("quota": 0)"), "a: its quota must be 16 to 65536 pages");
    refused(entry("a", R"("table_bits": 30)"), "a: its table_bits must be 8 to 16");
    refused(entry("a", R"("restart": {"limit": 16})"), "a: its limit of restarts must be 1 to 15");
    refused(entry("a", R"("restart": {"session_limit": 0})"), "a: its session_limit must be 1 or more");
    refused(entry("a", R"("restart": {"overdue_clients": 17})"), "a: its overdue_clients must be at most 16");
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
    const Verdict verdict = check(entry("echo") + "," + entry("second", R"("program": "echo")") + "," + entry("ghost"), programs);
    CHECK(verdict.lines == std::vector<std::string>{"manifest: ghost: there is no program ghost in the boot archive"});
    CHECK(verdict.accepted == std::vector<bool>{true, true, false});
}

TEST_CASE("more services than there is room for") {
    std::string services = entry("s0");
    for (unsigned i = 1; i <= kMaxServices; ++i) services += "," + entry("s" + std::to_string(i));
    CHECK(check(services).lines == std::vector<std::string>{"manifest: more services than the supervisor has room for"});
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
        Lines lines;
        std::array<bool, kMaxServices> accepted{};
        check_manifest(**manifest, AllPrograms(), accepted, lines);
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
