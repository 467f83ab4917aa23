// Results of campaigns: a file with a line of JSON for each fault, and what they add up to.
#pragma once

#include "outcome.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace eft::faults {

std::string hex_of(const std::string& bytes);
std::string bytes_of(const std::string& hex);  // the other way round
// From the death to the next incarnation's start, of the service that was restarted; 0: none was.
long latency_ns(const Verdict& verdict);

class Summary {
public:
    // A line of results.
    void add(const nlohmann::json& line);
    // Outcomes by target and type; of those with an effect, how many were recovered from, with Wilson's interval of 95
    // %.
    std::string table() const;
    std::string json() const;
    // The rows of the table, and the sums for each target, each type and all, which have null in place of a name.
    std::string rows_json() const;

private:
    using Counts = std::array<unsigned long, std::size(kOutcomes)>;
    std::map<std::pair<std::string, std::string>, Counts> counts_;
};

class ResultFile {
public:
    explicit ResultFile(std::string path) : path_(std::move(path)) {}

    void clear();
    void add(const std::string& line);
    // Those that are whole.
    void visit(const std::function<void(const nlohmann::json&)>& visit) const;
    // By the names of the runs.
    std::map<std::string, std::string> lines() const;
    Summary summary() const;

private:
    std::string path_;
};

}  // namespace eft::faults
