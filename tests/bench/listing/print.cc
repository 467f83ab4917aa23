// A listing as text.
#include "listing.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace eft::bench {
namespace {

template <class... Values>
std::string line(const char* format, Values... values) {
    char text[512];
    std::snprintf(text, sizeof(text), format, values...);
    std::string result = text;
    result.erase(result.find_last_not_of(' ') + 1);
    return result + "\n";
}

// objdump's comment repeats what the operand says.
std::string without_comment(const std::string& text) {
    const std::string plain = text.substr(0, text.find("  #"));
    return plain.substr(0, plain.find_last_not_of(' ') + 1);
}

using Counts = std::map<std::pair<std::string, std::string>, unsigned>;

// "program name count", most first.
std::string table_of(const char* title, const Counts& counts) {
    std::vector<std::pair<std::pair<std::string, std::string>, unsigned>> rows(counts.begin(), counts.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string text = std::string("\n") + title + "\n";
    for (const auto& [name, count] : rows) text += line("%6u  %-14s %s", count, name.first.c_str(), name.second.c_str());
    return text;
}

}  // namespace

std::string text_of(const Listing& listing) {
    std::string text = "One round of " + listing.key + ":\n";
    Counts symbols, functions, programs;
    unsigned index = 0;
    for (const Step& step : listing.steps) {
        char offset[24];
        std::snprintf(offset, sizeof(offset), "+0x%llx", static_cast<unsigned long long>(step.offset));
        text += line("%5u  %-13s %016llx  %-34s  %-44s %s%s%s", ++index, step.program.c_str(), static_cast<unsigned long long>(step.address),
                     (step.symbol + offset).c_str(), without_comment(step.text).c_str(), step.place.c_str(), step.function.empty() ? "" : " ",
                     step.function.c_str());
        ++programs[{step.program, step.program == "kernel" ? "kernel mode" : "user mode"}];
        ++symbols[{step.program, step.symbol}];
        ++functions[{step.program, step.function}];
    }
    text += table_of("By program:", programs);
    text += table_of("By symbol:", symbols);
    text += table_of("By function of the source, inlined ones by themselves:", functions);
    text += "\nThat cost more than they count:\n";
    const auto counts = listing.specials();
    for (unsigned i = 1; i < counts.size(); ++i) text += line("%6u  %s", counts[i], name_of(static_cast<Special>(i)));
    text += line("\n%s: %zu instructions, of which %u are the measurement's own: %ld; ./eft bench --only %s: %.0f%s", listing.key.c_str(), listing.steps.size(),
                 listing.own, static_cast<long>(listing.steps.size()) - static_cast<long>(listing.own), listing.key.c_str(), listing.measured,
                 listing.agrees() ? "" : " - THEY DIFFER");
    return text;
}

}  // namespace eft::bench
