// A listing as text.
#include "listing.h"

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

// Counts of what has two names, in the order in which they first came.
class Counts {
public:
    void add(const std::string& first, const std::string& second) {
        const auto [found, is_new] = index_.try_emplace({first, second}, rows_.size());
        if (is_new) rows_.push_back({first, second, 0});
        ++rows_[found->second].count;
    }
    std::string table(const char* title) const {
        std::string text = std::string("\n") + title + "\n";
        for (const Row& row : rows_) text += line("%6u  %-24s %s", row.count, row.first.c_str(), row.second.c_str());
        return text;
    }

private:
    struct Row {
        std::string first, second;
        unsigned count;
    };
    std::map<std::pair<std::string, std::string>, std::size_t> index_;
    std::vector<Row> rows_;
};

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
        programs.add(step.program, step.program == "kernel" ? "kernel mode" : "user mode");
        symbols.add(step.program, step.symbol);
        functions.add(step.symbol, step.function);
    }
    text += programs.table("By program:");
    text += symbols.table("By symbol:");
    text += functions.table("By function of the source, those inlined into a symbol by themselves:");
    text += "\nThat cost more than they count:\n";
    const auto counts = listing.specials();
    for (unsigned i = 1; i < counts.size(); ++i) text += line("%6u  %s", counts[i], name_of(static_cast<Special>(i)));
    text += line("\n%s: %zu instructions, of which %u are the measurement's own: %ld; ./eft bench --only %s: %.0f%s", listing.key.c_str(), listing.steps.size(),
                 listing.own, static_cast<long>(listing.steps.size()) - static_cast<long>(listing.own), listing.key.c_str(), listing.measured,
                 listing.agrees() ? "" : " - THEY DIFFER");
    return text;
}

}  // namespace eft::bench
