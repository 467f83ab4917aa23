// Applies each mutant of mutants.txt to a copy of its file, and runs the host kernel's tests on the result: the
// differential test first, then the cases. A mutant that fails one, or hangs, is killed. Fails if fewer than 90 % are, if
// one survives without a reason in the list, or if a listed text is not in its file exactly once.
//
// The list has, for each mutant, a line with the file's name below kernel/, the lines of the source with `- ` before
// them, what stands there instead with `+ ` before it, and for those that survive the reason with `! ` before it.
#include "tools.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace eft::proof {
namespace {

constexpr std::size_t kFewest = 50;

struct Mutant {
    std::string file, from, to, reason;
};

std::vector<Mutant> read(const Builder& builder) {
    std::vector<Mutant> mutants;
    std::istringstream text(read_file(builder.top() / "tests/host/kernel_proof/mutants.txt"));
    for (std::string line; std::getline(text, line);) {
        if (line.empty() || line[0] == '#') continue;
        const auto append = [&](std::string Mutant::*part) { mutants.back().*part += trimmed(line.substr(1)) + "\n"; };
        if (line[0] == '-') append(&Mutant::from);
        else if (line[0] == '+') append(&Mutant::to);
        else if (line[0] == '!') append(&Mutant::reason);
        else mutants.push_back({line, "", "", ""});
    }
    return mutants;
}

// The file's text with the mutant in it; empty if its lines are not there exactly once. Lines are compared without their
// indentation.
std::string apply(const Builder& builder, const Mutant& mutant) {
    std::vector<std::string> lines;
    std::istringstream text(read_file(builder.kernel() / mutant.file));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    const auto count = static_cast<std::size_t>(std::count(mutant.from.begin(), mutant.from.end(), '\n'));
    std::string result;
    unsigned found = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string here;
        for (std::size_t j = i; j < i + count && j < lines.size(); ++j) here += trimmed(lines[j]) + "\n";
        if (here == mutant.from) {
            ++found;
            result += mutant.to;
            i += count - 1;
        } else {
            result += lines[i] + "\n";
        }
    }
    return found == 1 ? result : "";
}

// Compiles what the mutant changes: its file, or for a header all that include it.
std::vector<fs::path> build(Builder& builder, const Mutant& mutant, const std::string& text) {
    const fs::path folder = builder.work() / "changed";
    fs::remove_all(folder);
    fs::create_directories((folder / mutant.file).parent_path());
    std::ofstream(folder / mutant.file) << text;
    std::vector<fs::path> sources{folder / mutant.file};
    if (mutant.file.ends_with(".h")) {
        sources = builder.kernel_sources();
        for (const fs::path& source : builder.entry_sources()) sources.push_back(source);
        std::erase_if(sources, [&](const fs::path& source) { return !builder.includes(source, mutant.file); });
    }
    std::vector<fs::path> objects;
    for (const fs::path& source : sources) {
        objects.push_back(builder.work() / (source.stem().string() + ".o"));
        if (!builder.compile(source, objects.back(), "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all", folder)) {
            throw std::runtime_error("does not compile:\n" + read_file(builder.work() / "compiler.log"));
        }
    }
    return objects;
}

// Who killed it; empty: nobody.
std::string killer(Builder& builder, std::vector<fs::path> objects) {
    const auto outcome = [&](const std::string& command, std::chrono::seconds limit, const std::string& name) -> std::string {
        switch (run(command, builder.work() / "run.log", limit)) {
            case End::Well: return "";
            case End::OutOfTime: return name + ", without an end";
            case End::Badly: break;
        }
        return name;
    };
    const fs::path model = builder.link_model(objects, "");
    if (const auto by = outcome(model.string() + " --steps 20000 --seed 1", std::chrono::seconds(25), "the model"); !by.empty()) return by;
    std::erase_if(objects, [](const fs::path& object) { return object.stem() == "differential"; });
    return outcome(builder.link_cases(objects, "").string() + " --abort-after=1", std::chrono::seconds(60), "the cases");
}

std::string one_line(std::string text) {
    text = trimmed(text);
    for (char& character : text) character = character == '\n' ? ' ' : character;
    return text;
}

}  // namespace

bool mutants_apply(const Builder& builder) {
    const std::vector<Mutant> mutants = read(builder);
    bool all = true;
    for (const Mutant& mutant : mutants) {
        if (!apply(builder, mutant).empty()) continue;
        std::printf("mutants.txt: not exactly once in %s: %s\n", mutant.file.c_str(), one_line(mutant.from).c_str());
        all = false;
    }
    std::printf("%zu mutants\n", mutants.size());
    return all && mutants.size() >= kFewest;
}

int mutate(Builder& builder, const std::vector<std::string>& filters) {
    if (const std::string by = killer(builder, {}); !by.empty()) throw std::runtime_error("without a mutant fail " + by);
    unsigned all = 0, killed = 0;
    int status = 0;
    for (const Mutant& mutant : read(builder)) {
        const auto contains = [all_text = mutant.file + mutant.from + mutant.to](const std::string& filter) {
            return all_text.find(filter) != std::string::npos;
        };
        if (!filters.empty() && std::none_of(filters.begin(), filters.end(), contains)) continue;
        ++all;
        std::string verdict;
        try {
            const std::string text = apply(builder, mutant);
            if (text.empty()) throw std::runtime_error("its lines are not there exactly once");
            const std::string by = killer(builder, build(builder, mutant, text));
            killed += !by.empty();
            verdict = by.empty() ? "survived" : "killed by " + by;
            if (by.empty() && mutant.reason.empty()) status = 1;
            if (by.empty() && !mutant.reason.empty()) verdict += " (" + one_line(mutant.reason) + ")";
            if (!by.empty() && !mutant.reason.empty()) verdict += ", although a reason why not is listed", status = 1;
        } catch (const std::runtime_error& error) {
            verdict = error.what();
            status = 1;
        }
        std::printf("%s: %s: %s  ->  %s\n", verdict.c_str(), mutant.file.c_str(), one_line(mutant.from).c_str(), one_line(mutant.to).c_str());
        std::fflush(stdout);
    }
    std::printf("%u of %u mutants killed\n", killed, all);
    return killed * 10 >= all * 9 && all > 0 ? status : 1;
}

}  // namespace eft::proof
