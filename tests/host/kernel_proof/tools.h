// What the proofs of the kernel share: running commands, and building the host kernel's tests again with some objects
// exchanged. They take what the host tree has built already and compile only what they change: an object that stands
// before the archives in the link takes the place of the archive's own.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace eft::proof {

namespace fs = std::filesystem;

// How a command ended.
enum class End { Well, Badly, OutOfTime };

// Runs a command of the shell with its output in `log`. It gets so much of the processor's time; how long that takes
// depends on what else the machine does.
End run(const std::string& command, const fs::path& log, std::chrono::seconds limit);

std::string read_file(const fs::path& path);
// Without the white space around it.
std::string trimmed(const std::string& text);

class Builder {
public:
    Builder(fs::path source_tree, fs::path host_tree, fs::path work);

    const fs::path& top() const { return top_; }
    const fs::path& work() const { return work_; }
    fs::path kernel() const { return top_ / "kernel"; }
    // The kernel's sources outside arch.
    std::vector<fs::path> kernel_sources() const;
    // Those of the tests into which the fast path is inlined.
    std::vector<fs::path> entry_sources() const;

    // Whether the source has the kernel's header in it, directly or by another one.
    bool includes(const fs::path& source, const std::string& header) const;

    // False if it does not compile. Folders of `first` are searched for headers before the tree's. Not through ccache for
    // coverage, which must know where the object's notes are.
    bool compile(const fs::path& source, const fs::path& object, const std::string& options, const fs::path& first = {});
    // kernel_test and kernel-model, with these objects instead of the archives'. Throws if that fails.
    fs::path link_cases(const std::vector<fs::path>& objects, const std::string& options);
    fs::path link_model(const std::vector<fs::path>& objects, const std::string& options);

private:
    fs::path link(const std::string& name, const std::vector<fs::path>& objects, const fs::path& tests, const std::string& options);

    fs::path top_, tree_, work_;
};

int coverage(Builder& builder);
int mutate(Builder& builder, const std::vector<std::string>& filters);
// The kernel has changed if not: the lists have to follow.
bool mutants_apply(const Builder& builder);
bool uncovered_are_there(const Builder& builder);
int fuzz(const fs::path& fuzzer, const fs::path& work, unsigned long long calls);

}  // namespace eft::proof
