// The page of a campaign, from results made by hand: hostile texts stay text, broken lines are left out.
#include <html_report.h>
#include <report.h>
#include <statistics.h>
#include <temporary.h>

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

#include <iterator>

using namespace eft::faults;
using nlohmann::json;

namespace {

const std::string kHostile = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> \" ' & \u2028 @RUNS@";

json result(const std::string& run, const std::string& target, const std::string& type, const std::string& outcome) {
    return {{"run", run}, {"target", target}, {"type", type}, {"outcome", outcome}, {"latency_ns", 450'000}};
}

std::string page_of(const std::vector<std::string>& lines) {
    const eft::qemu::TemporaryFolder folder;
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    folder.write("results.jsonl", all);
    write_html_report(folder.path());
    std::ifstream file(folder.path() + "/report.html");
    return {std::istreambuf_iterator<char>(file), {}};
}

json embedded(const std::string& page, const std::string& id) {
    const std::string begin = "<script type=\"application/json\" id=\"" + id + "\">";
    const std::size_t at = page.find(begin) + begin.size();
    return json::parse(page.substr(at, page.find("</script>", at) - at));
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("what results say is in the page as it is, and ends no element of it") {
    json hostile = result(kHostile, kHostile, kHostile, "recovered");
    hostile["console"] = hostile["what"] = kHostile;
    const json plain = result("a-text-1-0", "a", "text", "hang");
    const std::string page = page_of({plain.dump(), hostile.dump()});
    const std::string empty = page_of({plain.dump()});
    CHECK(count(page, "<script") == count(empty, "<script"));
    CHECK(count(page, "</script>") == count(empty, "</script>"));
    CHECK(count(page, "<img") == count(empty, "<img") + 1);  // its histogram
    CHECK(page.find("onerror=alert(2)> \\\" '") != std::string::npos);
    const json runs = embedded(page, "runs");
    REQUIRE(runs.size() == 2);
    CHECK(std::ranges::count(runs, hostile) == 1);
    CHECK(std::ranges::count(runs, plain) == 1);
    // Nothing is fetched from anywhere.
    CHECK(count(page, "src=\"") == count(page, "src=\"data:image/svg+xml,"));
    CHECK(count(page, "href=") == 0);
}

TEST_CASE("the rows: counts, sums, and Wilson's intervals") {
    const std::string page = page_of({result("a-text-1-0", "a", "text", "recovered").dump(), result("a-text-1-1", "a", "text", "hang").dump(),
                                      result("a-nop-1-0", "a", "nop", "no_effect").dump(), result("b-text-1-0", "b", "text", "recovered").dump()});
    const json summary = embedded(page, "summary");
    CHECK(summary.at("outcomes").size() == std::size(kOutcomes));
    const auto row = [&](const json& target, const json& type) {
        for (const json& each : summary.at("rows"))
            if (each.at("target") == target && each.at("type") == type) return each;
        FAIL("there is no row of ", target.dump(), " and ", type.dump());
        return json();
    };
    CHECK(summary.at("rows").size() == 3 + 2 + 2 + 1);
    CHECK(row("a", "text").at("counts") == json({0, 0, 1, 0, 0, 0, 0, 1}));
    CHECK(row("a", nullptr).at("counts") == json({0, 1, 1, 0, 0, 0, 0, 1}));
    CHECK(row(nullptr, "text").at("effects") == 3);
    CHECK(row(nullptr, nullptr).at("recovered") == 2);
    const Interval interval = wilson(1, 2);
    CHECK(row("a", "text").at("low") == interval.low);
    CHECK(row("a", "text").at("high") == interval.high);
    CHECK(row("a", "nop").at("effects") == 0);
}

TEST_CASE("lines that are no results, or are cut off, are left out; a folder without any is refused") {
    const json good = result("a-text-1-0", "a", "text", "recovered");
    const std::string page = page_of({good.dump(), "5", "[]", R"({"run": 7, "target": "a", "type": "b", "outcome": "hang"})", R"({"run": "a-te)", "\xff\xfe"});
    CHECK(embedded(page, "runs") == json::array({good}));
    CHECK_THROWS_WITH(page_of({"5"}), doctest::Contains("there are no results in "));
}
