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

// Of a campaign that was interrupted the last line may be cut off.
void for_each_line(const std::string& path, const std::function<void(const nlohmann::json&)>& visit) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_discarded()) visit(json);
    }
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

std::string Summary::table() const {
    std::string text =
        formatted("%-12s %-14s %6s %6s %6s %6s %6s %6s %6s %6s  %s\n", "TARGET", "TYPE", "not_ac", "no_eff", "recov",
                  "wrong", "degrad", "system", "kernel", "hang", "RECOVERED OF THOSE WITH AN EFFECT");
    for (const auto& [key, counts] : counts_) {
        text += formatted("%-12s %-14s", key.first.c_str(), key.second.c_str());
        unsigned long effects = 0;
        for (const Outcome outcome : kOutcomes) {
            const unsigned long count = counts[static_cast<unsigned>(outcome)];
            text += formatted(" %6lu", count);
            if (outcome >= Outcome::Recovered) effects += count;
        }
        const unsigned long recovered = counts[static_cast<unsigned>(Outcome::Recovered)];
        const Interval interval = wilson(recovered, effects);
        text +=
            formatted("  %lu of %lu, %.1f to %.1f %%\n", recovered, effects, 100 * interval.low, 100 * interval.high);
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

void ResultFile::clear() { std::ofstream(path_, std::ios::trunc); }

void ResultFile::add(const std::string& line) {
    std::ofstream file(path_, std::ios::app);
    file << line << "\n";
    if (!file.flush()) throw std::runtime_error("cannot write " + path_);
}

std::map<std::string, std::string> ResultFile::lines() const {
    std::map<std::string, std::string> lines;
    for_each_line(path_, [&](const nlohmann::json& line) { lines[line.value("run", "")] = line.dump(); });
    return lines;
}

Summary ResultFile::summary() const {
    Summary summary;
    for_each_line(path_, [&](const nlohmann::json& line) {
        if (const auto outcome = outcome_of(line.value("outcome", "")))
            summary.add(line.value("target", ""), line.value("type", ""), *outcome);
    });
    return summary;
}

}  // namespace eft::faults
