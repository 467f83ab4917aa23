#include "tools.h"

#include <child.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace eft::proof {
namespace {

constexpr const char* kHeaderFolders[] = {"kernel", "kernel/include", "kernel/arch/host", "tests/host/kernel", "tests/host/kernel_model"};

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

}  // namespace

End run(const std::string& command, const fs::path& log, std::chrono::seconds limit) {
    const std::string limited = "ulimit -t " + std::to_string(limit.count()) + "; exec " + command;
    qemu::Child child({"/bin/sh", "-c", limited + " >" + quoted(log) + " 2>&1 </dev/null"}, {});
    const auto status = child.wait(qemu::after(std::chrono::hours(2)));
    if (!status) child.kill();
    if (!status || *status == 128 + SIGXCPU || *status == 128 + SIGKILL) return End::OutOfTime;
    return *status == 0 ? End::Well : End::Badly;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\n");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\n") + 1 - first);
}

Builder::Builder(fs::path source_tree, fs::path host_tree, fs::path work)
    : top_(std::move(source_tree)), tree_(std::move(host_tree)), work_(std::move(work)) {
    fs::remove_all(work_);
    fs::create_directories(work_);
}

std::vector<fs::path> Builder::kernel_sources() const {
    std::vector<fs::path> found;
    for (const char* folder : {"object", "schedule", "syscall"}) {
        for (const auto& entry : fs::directory_iterator(kernel() / folder)) {
            if (entry.path().extension() == ".cc") found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<fs::path> Builder::entry_sources() const {
    return {top_ / "tests/host/kernel/machine.cc", top_ / "tests/host/kernel_model/differential.cc"};
}

bool Builder::includes(const fs::path& source, const std::string& header) const {
    std::set<std::string> seen;
    std::vector<fs::path> pending{source};
    while (!pending.empty()) {
        std::istringstream text(read_file(pending.back()));
        pending.pop_back();
        for (std::string line; std::getline(text, line);) {
            if (!line.starts_with("#include ")) continue;
            const std::string name = line.substr(10, line.find_first_of(">\"", 10) - 10);
            if (name == header) return true;
            if (!seen.insert(name).second) continue;
            for (const char* folder : kHeaderFolders) {
                if (fs::exists(top_ / folder / name)) pending.push_back(top_ / folder / name);
            }
        }
    }
    return false;
}

bool Builder::compile(const fs::path& source, const fs::path& object, const std::string& options, const fs::path& first) {
    // In its direct mode ccache does not see that a header now comes from another folder.
    std::string command = options.find("--coverage") == std::string::npos ? "env CCACHE_NODIRECT=1 ccache g++" : "g++";
    command += " -std=c++2b -g1 " + options;
    if (!first.empty()) command += " -I" + quoted(first);
    for (const char* folder : kHeaderFolders) {
        command += " -I" + quoted(top_ / folder);
    }
    return run(command + " -c " + quoted(source) + " -o " + quoted(object), work_ / "compiler.log", std::chrono::seconds(300)) == End::Well;
}

fs::path Builder::link_cases(const std::vector<fs::path>& objects, const std::string& options) {
    return link("cases", objects, "tests/host/kernel/CMakeFiles/kernel_test.dir", options + " " + quoted(tree_ / "libeft-doctest-main.a"));
}

fs::path Builder::link_model(const std::vector<fs::path>& objects, const std::string& options) {
    return link("model", objects, "tests/host/kernel_model/CMakeFiles/kernel-model.dir", options);
}

fs::path Builder::link(const std::string& name, const std::vector<fs::path>& objects, const fs::path& tests, const std::string& options) {
    std::string command = "g++ -fsanitize=address,undefined -o " + quoted(work_ / name);
    for (const fs::path& object : objects) command += " " + quoted(object);
    for (const auto& entry : fs::directory_iterator(tree_ / tests)) {
        const fs::path stem = entry.path().stem().stem();  // differential.cc.o
        const bool exchanged = std::any_of(objects.begin(), objects.end(), [&](const fs::path& object) { return object.stem() == stem; });
        if (entry.path().extension() == ".o" && !exchanged) command += " " + quoted(entry.path());
    }
    command += " " + options + " " + quoted(tree_ / "tests/host/kernel/libkernel_test_machine.a") + " " + quoted(tree_ / "kernel/libkernel_on_host.a");
    if (run(command, work_ / "linker.log", std::chrono::seconds(300)) != End::Well) {
        throw std::runtime_error("linking fails:\n" + read_file(work_ / "linker.log"));
    }
    return work_ / name;
}

}  // namespace eft::proof
