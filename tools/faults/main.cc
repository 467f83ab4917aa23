// eft-faults: a fault-injection campaign, or one of its runs again (./eft faults, ./eft replay).
#include "campaign.h"
#include "html_report.h"

#include <cstdlib>
#include <cstring>

namespace {

using namespace eft::faults;

std::vector<std::string> words_after(int count, char** words, int& i) {
    std::vector<std::string> found;
    while (i + 1 < count && words[i + 1][0] != '-') found.emplace_back(words[++i]);
    return found;
}

// False: it is none.
bool number(const char* word, std::uint64_t& value) {
    char* end = nullptr;
    value = std::strtoull(word, &end, 10);
    return *word >= '0' && *word <= '9' && *end == '\0';
}

std::vector<std::string> all_types() {
    std::vector<std::string> names;
    for (const auto& type : fault_types()) names.emplace_back(type->name());
    return names;
}

int print_types() {
    for (const auto& type : fault_types())
        std::cout << type->name() << ": " << type->definition() << " (" << type->source() << ")\n";
    return 0;
}

[[noreturn]] void refuse(const std::string& what) {
    std::cerr << "eft-faults: " << what << "\n";
    std::exit(2);
}

// "I/N", from 1.
void parse_shard(const std::string& word, CampaignOptions& options) {
    std::uint64_t which = 0, of = 0;
    const std::size_t slash = word.find('/');
    const bool good = slash != std::string::npos && number(word.substr(0, slash).c_str(), which) &&
                      number(word.c_str() + slash + 1, of);
    if (!good || which == 0 || which > of || of > 1'000'000) refuse("--shard is I/N, from 1/N to N/N");
    options.shard = static_cast<unsigned>(which - 1), options.shards = static_cast<unsigned>(of);
}

CampaignOptions parse(int count, char** words) {
    CampaignOptions options{.targets = {}, .types = {}, .merged = {}, .output = "build/faults/latest", .only_run = {}, .reported = {}};
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        std::uint64_t value = 0;
        if (word == "--resume") {
            options.resume = true;
        } else if (word == "--target") {
            options.targets = words_after(count, words, i);
        } else if (word == "--type") {
            options.types = words_after(count, words, i);
        } else if (word == "--merge") {
            options.merged = words_after(count, words, i);
        } else if (i + 1 == count) {
            refuse(word + " needs a value, or is not known");
        } else if (word == "--workload") {
            options.workload = words[++i];
        } else if (word == "--out") {
            options.output = words[++i];
        } else if (word == "--report") {
            options.reported = words[++i];
        } else if (word == "--shard") {
            parse_shard(words[++i], options);
        } else if (word == "--replay") {
            options.only_run = words[++i];
        } else if (!number(words[i + 1], value)) {
            refuse(word + " takes a number, or is not known");
        } else if (word == "--count" || word == "--jobs") {
            if (value == 0 || value > 1'000'000) refuse(word + " is from 1 to a million");
            (word == "--count" ? options.count : options.jobs) = static_cast<unsigned>(value), ++i;
        } else if (word == "--seed") {
            options.seed = value, ++i;
        } else {
            refuse("it does not know " + word);
        }
    }
    if (options.targets.empty() || options.targets.front() == "all") options.targets = all_targets();
    if (options.targets.front() == "pairs") options.targets = core_pairs();
    if (options.types.empty()) options.types = all_types();
    for (const std::string& target : options.targets)
        if (!is_target(target)) refuse("there is no target " + target);
    for (const std::string& type : options.types)
        if (!fault_type(type)) refuse("there is no type of fault " + type);
    return options;
}

}  // namespace

int main(int count, char** words) {
    for (int i = 1; i < count; ++i)
        if (std::strcmp(words[i], "--types") == 0) return print_types();
    const CampaignOptions options = parse(count, words);
    try {
        if (!options.reported.empty()) {
            write_html_report(options.reported);
            std::cout << options.reported << "/report.html\n";
            return 0;
        }
        if (!options.merged.empty()) return merge(options);
        return options.only_run.empty() ? hold_campaign(options) : replay(options);
    } catch (const std::exception& error) {
        std::cerr << "eft-faults: " << error.what() << "\n";
        return 1;
    }
}
