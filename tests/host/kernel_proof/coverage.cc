// Branch coverage of the kernel outside kernel/arch by the host kernel's tests: the cases and the differential test.
// Prints it per file, and each line with a branch that was never taken. Fails if such a line is not in
// tests/host/kernel/uncovered.txt, or a line of that list is covered or gone.
//
// The list has `file | line of the source | reason`. Compiled without optimisation, so that a branch is one of the source.
#include "tools.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

namespace eft::proof {
namespace {

using Json = nlohmann::json;
using Counts = std::vector<unsigned long long>;  // how often each branch of a line was taken

struct Line {
    std::string file;  // below kernel/
    unsigned number;
    auto operator<=>(const Line&) const = default;
};

// A line stands in as many objects as include it, and once per instance of a template.
void add(std::map<Line, Counts>& all, const Line& line, const Json& branches) {
    Counts counts;
    for (const Json& branch : branches) {
        if (!branch.at("throw").get<bool>()) counts.push_back(branch.at("count"));
    }
    if (counts.empty()) return;
    Counts& sum = all[line];
    // An instance may have fewer branches, where a condition is a constant.
    if (counts.size() > sum.size()) sum.assign(counts.size(), 0);
    if (counts.size() < sum.size()) return;
    for (std::size_t i = 0; i < counts.size(); ++i) sum[i] += counts[i];
}

// A copy of the kernel's sources in which nothing has to be inlined: each copy of a branch would count.
std::vector<fs::path> copy_kernel(const Builder& builder, const fs::path& to) {
    const std::string inlined = "[[gnu::always_inline]] ";
    std::vector<fs::path> sources;
    for (const char* folder : {"object", "schedule", "syscall"}) {
        fs::create_directories(to / folder);
        for (const auto& entry : fs::directory_iterator(builder.kernel() / folder)) {
            std::string text = read_file(entry.path());
            for (auto at = text.find(inlined); at != std::string::npos; at = text.find(inlined)) text.erase(at, inlined.size());
            const fs::path copy = to / folder / entry.path().filename();
            std::ofstream(copy) << text;
            if (copy.extension() == ".cc") sources.push_back(copy);
        }
    }
    return sources;
}

void build_and_run(Builder& builder, const fs::path& copy) {
    const std::string options = "-O0 --coverage";
    const std::vector<fs::path> kernel_sources = copy_kernel(builder, copy);
    std::vector<fs::path> objects;
    const auto compile = [&](const fs::path& source, const std::string& more) {
        const fs::path object = builder.work() / (source.stem().string() + ".o");
        if (objects.end() != std::find(objects.begin(), objects.end(), object)) throw std::runtime_error("two files " + object.string());
        if (!builder.compile(source, object, options + more, copy)) throw std::runtime_error(read_file(builder.work() / "compiler.log"));
        objects.push_back(object);
    };
    for (const fs::path& source : kernel_sources) compile(source, " -fno-exceptions");
    for (const fs::path& source : builder.entry_sources()) compile(source, "");
    const fs::path model = builder.link_model(objects, "--coverage");
    std::erase_if(objects, [](const fs::path& object) { return object.stem() == "differential"; });
    const fs::path cases = builder.link_cases(objects, "--coverage");
    const auto must_pass = [&](const std::string& command) {
        if (run(command, builder.work() / "run.log", std::chrono::minutes(20)) == End::Well) return;
        throw std::runtime_error(command + " fails:\n" + read_file(builder.work() / "run.log"));
    };
    must_pass(cases.string());
    must_pass(model.string() + " --steps 100000 --seed 5");
}

std::map<Line, Counts> read(const Builder& builder, const fs::path& copy) {
    const std::string prefix = copy.string() + "/";
    std::map<Line, Counts> all;
    for (const auto& entry : fs::directory_iterator(builder.work())) {
        if (entry.path().extension() != ".gcda") continue;
        const fs::path report = builder.work() / "gcov.json";
        if (run("sh -c \"gcov -b -c --json-format --stdout '" + entry.path().string() + "' 2>/dev/null\"", report, std::chrono::minutes(2)) != End::Well) {
            throw std::runtime_error("gcov fails: " + read_file(report));
        }
        const Json parsed = Json::parse(read_file(report));
        for (const Json& file : parsed.at("files")) {
            const std::string path = fs::path(file.at("file").get<std::string>()).lexically_normal();
            if (!path.starts_with(prefix)) continue;
            for (const Json& line : file.at("lines")) {
                add(all, {path.substr(prefix.size()), line.at("line_number")}, line.at("branches"));
            }
        }
    }
    return all;
}

std::string text_of(const Builder& builder, const Line& line) {
    static std::map<std::string, std::vector<std::string>> files;
    std::vector<std::string>& lines = files[line.file];
    if (lines.empty()) {
        std::istringstream text(read_file(builder.kernel() / line.file));
        for (std::string one; std::getline(text, one);) lines.push_back(trimmed(one));
    }
    return line.file + " | " + lines.at(line.number - 1);
}

// Lines of the list, without their reasons. Throws if one has none.
std::set<std::string> listed(const Builder& builder) {
    std::set<std::string> found;
    std::istringstream text(read_file(builder.top() / "tests/host/kernel/uncovered.txt"));
    for (std::string line; std::getline(text, line);) {
        if (trimmed(line).empty() || line.starts_with("#")) continue;
        const auto reason = line.rfind(" | ");
        if (line.find(" | ") == reason || trimmed(line.substr(reason + 3)).empty()) throw std::runtime_error("no reason: " + line);
        found.insert(trimmed(line.substr(0, reason)));
    }
    return found;
}

}  // namespace

bool uncovered_are_there(const Builder& builder) {
    bool all = true;
    for (const std::string& line : listed(builder)) {
        const auto bar = line.find(" | ");
        std::istringstream text(read_file(builder.kernel() / line.substr(0, bar)));
        bool found = false;
        for (std::string one; !found && std::getline(text, one);) found = trimmed(one) == line.substr(bar + 3);
        if (!found) std::printf("uncovered.txt: not in the source: %s\n", line.c_str());
        all &= found;
    }
    return all;
}

int coverage(Builder& builder) {
    const fs::path copy = builder.work() / "kernel";
    build_and_run(builder, copy);
    struct Sum {
        std::size_t branches = 0, taken = 0;
        double percent() const { return 100.0 * static_cast<double>(taken) / static_cast<double>(branches); }
    };
    std::map<std::string, Sum> sums;
    Sum all;
    std::map<std::string, std::string> missed;  // and how often each branch was taken
    for (const auto& [line, counts] : read(builder, copy)) {
        std::size_t taken = 0;
        for (const auto count : counts) taken += count != 0;
        for (Sum* sum : {&sums[line.file], &all}) sum->branches += counts.size(), sum->taken += taken;
        if (taken == counts.size()) continue;
        std::string& times = missed[text_of(builder, line)];
        for (const auto count : counts) times += " " + std::to_string(count);
    }
    if (all.branches == 0) throw std::runtime_error("gcov knows of no branch");
    for (const auto& [file, sum] : sums) std::printf("%-32s %4zu branches, %5.1f %%\n", file.c_str(), sum.branches, sum.percent());
    std::printf("%-32s %4zu branches, %5.1f %%; %zu lines with one that was never taken\n", "all", all.branches, all.percent(), missed.size());

    int status = 0;
    const std::set<std::string> expected = listed(builder);
    for (const auto& [line, times] : missed) {
        if (!expected.contains(line)) std::printf("not in uncovered.txt: %s   taken%s\n", line.c_str(), times.c_str()), status = 1;
    }
    for (const std::string& line : expected) {
        if (!missed.contains(line)) std::printf("in uncovered.txt, but covered or gone: %s\n", line.c_str()), status = 1;
    }
    return status;
}

}  // namespace eft::proof
