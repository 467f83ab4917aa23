// What the benchmark knows about each key: its unit, and how far Eft means to go (docs of measures).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace eft::bench {

struct Goal {
    const char* key;
    const char* unit;
    double goal;      // 0: none
    double peer;      // the reference figure of seL4 (or Linux where seL4 has none), 0: none
};

extern const std::vector<Goal> kGoals;

using Figures = std::map<std::string, double>;

// The figures, in the order of kGoals, then what has no goal.
std::string table_of(const Figures& figures);
std::string json_of(const Figures& figures);

}  // namespace eft::bench
