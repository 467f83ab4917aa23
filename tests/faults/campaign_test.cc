// A small campaign with a fixed seed: each fault has its line, an interrupted campaign goes on where it was, and
// nothing that is changed in a driver or server stops the kernel or the system.
#include <campaign.h>
#include <report.h>
#include <temporary.h>

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

#include <filesystem>

using namespace eft::faults;

namespace {

std::map<std::string, nlohmann::json> lines_in(const std::string& path) {
    std::map<std::string, nlohmann::json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const auto json = nlohmann::json::parse(line);
        CHECK(lines.emplace(json.at("run").get<std::string>(), json).second);
    }
    return lines;
}

}  // namespace

TEST_CASE("a campaign, the same from its seed, and one that was interrupted") {
    const eft::qemu::TemporaryFolder folder;
    CampaignOptions options{.targets = {"virtio_blk", "net"},
                            .types = {"text", "branch", "state"},
                            .count = 2,
                            .seed = 5,
                            .merged = {},
                            .output = folder.path() + "/first",
                            .only_run = {},
                            .reported = {}};
    REQUIRE(hold_campaign(options) == 0);
    const auto lines = lines_in(options.output + "/results.jsonl");
    CHECK(lines.size() == 2 * 3 * 2);
    for (const auto& [run, line] : lines) {
        CAPTURE(line.dump());
        CHECK(line.at("outcome") != "kernel_stopped");
        CHECK(line.at("outcome") != "system_stopped");
        CHECK(line.at("changes").size() == 1);
        const auto& change = line.at("changes").front();
        CHECK(change.contains("symbol") == (line.at("type") != "state"));
        if (change.contains("symbol")) CHECK(change.at("source").get<std::string>().find(" at ") != std::string::npos);
    }
    CHECK(std::filesystem::file_size(options.output + "/report.html") > 10'000);
    // All but two lines are lost, the last half-written.
    std::ifstream first(options.output + "/results.jsonl");
    std::string one, two;
    std::getline(first, one);
    std::getline(first, two);
    std::ofstream(options.output + "/results.jsonl") << one << "\n"
                                                     << two << "\n"
                                                     << R"({"run": "net-te)"
                                                     << "\n";
    options.resume = true;
    REQUIRE(hold_campaign(options) == 0);
    std::ifstream second(options.output + "/results.jsonl");
    unsigned count = 0;
    for (std::string line; std::getline(second, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (json.is_discarded()) continue;
        ++count;
        CHECK(json.at("changes") == lines.at(json.at("run").get<std::string>()).at("changes"));
    }
    CHECK(count == lines.size());
}
