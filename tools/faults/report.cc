#include "report.h"

#include "statistics.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace eft::faults {
namespace {

std::optional<Outcome> outcome_of(const std::string& name) {
    for (const Outcome outcome : kOutcomes)
        if (name == name_of(outcome)) return outcome;
    return std::nullopt;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 256> line;
    std::snprintf(line.data(), line.size(), format, values...);
    return line.data();
}

bool is_result(const nlohmann::json& line) {
    const auto is_text = [&line](const char* field) { return line.contains(field) && line.at(field).is_string(); };
    return line.is_object() && is_text("run") && is_text("target") && is_text("type") && is_text("outcome");
}

// Of the faults with an effect, those that were recovered from.
struct Recovered {
    unsigned long count = 0, effects = 0;
    Interval interval{};
};
template <class Counts>
Recovered recovered_of(const Counts& counts) {
    Recovered found{.count = counts[static_cast<unsigned>(Outcome::Recovered)]};
    for (const Outcome outcome : kOutcomes)
        if (outcome >= Outcome::Recovered) found.effects += counts[static_cast<unsigned>(outcome)];
    found.interval = wilson(found.count, found.effects);
    return found;
}

}  // namespace

std::string hex_of(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) text += formatted("%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    return text;
}

std::string bytes_of(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

long latency_ns(const Verdict& verdict) { return std::strtol(verdict.recovery_us.c_str(), nullptr, 10) * 1000; }

void Summary::add(const nlohmann::json& line) {
    const auto outcome = outcome_of(line.at("outcome"));
    if (outcome) ++counts_[{line.at("target"), line.at("type")}][static_cast<unsigned>(*outcome)];
}

std::string Summary::table() const {
    std::string text =
        formatted("%-12s %-14s %6s %6s %6s %6s %6s %6s %6s %6s  %s\n", "TARGET", "TYPE", "not_ac", "no_eff", "recov",
                  "wrong", "degrad", "system", "kernel", "hang", "RECOVERED OF THOSE WITH AN EFFECT");
    for (const auto& [key, counts] : counts_) {
        text += formatted("%-12s %-14s", key.first.c_str(), key.second.c_str());
        for (const unsigned long count : counts) text += formatted(" %6lu", count);
        const Recovered recovered = recovered_of(counts);
        text += formatted("  %lu of %lu, %.1f to %.1f %%\n", recovered.count, recovered.effects,
                          100 * recovered.interval.low, 100 * recovered.interval.high);
    }
    return text;
}

std::string Summary::json() const {
    nlohmann::json all = nlohmann::json::object();
    for (const auto& [key, counts] : counts_)
        for (const Outcome outcome : kOutcomes)
            all[key.first][key.second][name_of(outcome)] = counts[static_cast<unsigned>(outcome)];
    return all.dump(2);
}

std::string Summary::rows_json() const {
    std::map<std::pair<nlohmann::json, nlohmann::json>, Counts> rows;
    for (const auto& [key, counts] : counts_)
        for (const nlohmann::json& target : {nlohmann::json(key.first), nlohmann::json()})
            for (const nlohmann::json& type : {nlohmann::json(key.second), nlohmann::json()})
                for (std::size_t i = 0; i < counts.size(); ++i) rows[{target, type}][i] += counts[i];
    nlohmann::json all = nlohmann::json::array();
    for (const auto& [key, counts] : rows) {
        const Recovered recovered = recovered_of(counts);
        all.push_back({{"target", key.first},
                       {"type", key.second},
                       {"counts", counts},
                       {"recovered", recovered.count},
                       {"effects", recovered.effects},
                       {"low", recovered.interval.low},
                       {"high", recovered.interval.high}});
    }
    return all.dump();
}

void ResultFile::clear() { std::ofstream(path_, std::ios::trunc); }

void ResultFile::add(const std::string& line) {
    std::ofstream file(path_, std::ios::app);
    file << line << "\n";
    if (!file.flush()) throw std::runtime_error("cannot write " + path_);
}

// Of a campaign that was interrupted the last line may be cut off.
void ResultFile::visit(const std::function<void(const nlohmann::json&)>& visit) const {
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (is_result(json)) visit(json);
    }
}

std::map<std::string, std::string> ResultFile::lines() const {
    std::map<std::string, std::string> lines;
    visit([&](const nlohmann::json& line) { lines[line.at("run")] = line.dump(); });
    return lines;
}

Summary ResultFile::summary() const {
    Summary summary;
    visit([&](const nlohmann::json& line) { summary.add(line); });
    return summary;
}

}  // namespace eft::faults
