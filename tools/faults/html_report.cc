#include "html_report.h"

#include "histogram.h"
#include "report.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <numeric>

namespace eft::faults {
namespace {

constexpr const char* kPage = EFT_SOURCE_DIR "/tools/faults/report.html";
constexpr std::size_t kLongestText = 2000;  // of a field: a campaign has thousands of faults

std::string hex_digits(char byte) { return hex_of(std::string(1, byte)); }

// In a text or an attribute.
std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        if (std::string_view("&<>\"'").find(c) == std::string_view::npos) safe += c;
        else safe += "&#x" + hex_digits(c) + ";";
    }
    return safe;
}

// In a script element nothing else could end it, or begin a comment (HTML, 13.2.5.4).
std::string in_script(const nlohmann::json& value) {
    std::string safe;
    for (const char c : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) {
        if (c == '<') safe += "\\u003c";
        else safe += c;
    }
    return safe;
}

// RFC 2397, percent-encoded.
std::string data_address(const std::string& svg) {
    std::string address = "data:image/svg+xml,";
    for (const char c : svg) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) address += c;
        else address += "%" + hex_digits(c);
    }
    return address;
}

std::string milliseconds(double value) {
    std::ostringstream text;
    text.precision(3);
    text << value << " ms";
    return text.str();
}

std::string picture(const std::string& target, std::vector<double> latencies) {
    std::ranges::sort(latencies);
    const std::string caption = target + ": " + std::to_string(latencies.size()) + " recoveries, median " + milliseconds(latencies[latencies.size() / 2]) +
                                ", slowest " + milliseconds(latencies.back());
    const std::string svg = histogram_svg(latencies);
    const std::string image = svg.empty() ? "<p>There is no gnuplot.</p>" : "<img alt=\"histogram of the times\" src=\"" + data_address(svg) + "\">";
    return "<figure data-target=\"" + escaped(target) + "\"><figcaption>" + escaped(caption) + "</figcaption>" + image + "</figure>\n";
}

// Of those that were recovered from, by target.
std::string pictures(const nlohmann::json& runs) {
    std::map<std::string, std::vector<double>> latencies;
    for (const auto& run : runs) {
        const auto latency = run.find("latency_ns");
        if (run.at("outcome") == name_of(Outcome::Recovered) && latency != run.end() && latency->is_number() && latency->get<double>() > 0)
            latencies[run.at("target").get<std::string>()].push_back(latency->get<double>() / 1e6);
    }
    std::string all;
    for (const auto& [target, each] : latencies) all += picture(target, each);
    return all.empty() ? "<p>None was measured.</p>" : all;
}

// The page with these in place of its marks, which stand there in this order.
std::string filled(const std::string& page, const std::vector<std::pair<std::string, std::string>>& parts) {
    std::string whole;
    std::size_t begin = 0;
    for (const auto& [mark, text] : parts) {
        const std::size_t at = page.find(mark, begin);
        if (at == std::string::npos) throw std::runtime_error(std::string(kPage) + " has no " + mark);
        whole += page.substr(begin, at - begin) + text;
        begin = at + mark.size();
    }
    return whole + page.substr(begin);
}

void shorten(nlohmann::json& run) {
    for (const char* const field : {"what", "details"}) {
        if (!run.contains(field) || !run.at(field).is_string()) continue;
        auto& text = run.at(field).get_ref<std::string&>();
        if (text.size() > kLongestText) text = text.substr(0, kLongestText) + "...";
    }
}

}  // namespace

void write_html_report(const std::string& folder) {
    std::map<std::string, nlohmann::json> by_name;
    ResultFile(folder + "/results.jsonl").visit([&](const nlohmann::json& line) { by_name[line.at("run")] = line; });
    nlohmann::json runs = nlohmann::json::array();
    Summary counted;
    for (auto& [name, run] : by_name) {
        counted.add(run);
        shorten(run);
        runs.push_back(std::move(run));
    }
    if (runs.empty()) throw std::runtime_error("there are no results in " + folder);
    std::ifstream stream(kPage);
    const std::string page((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    nlohmann::json summary = {{"rows", nlohmann::json::parse(counted.rows_json())}, {"outcomes", nlohmann::json::array()}};
    for (const Outcome outcome : kOutcomes) summary["outcomes"].push_back(name_of(outcome));
    std::ofstream file(folder + "/report.html");
    file << filled(page, {{"@PICTURES@", pictures(runs)}, {"@SUMMARY@", in_script(summary)}, {"@RUNS@", in_script(runs)}});
    if (!file.flush()) throw std::runtime_error("cannot write " + folder + "/report.html");
}

}  // namespace eft::faults
