#include "copy.h"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace eft::documents {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Calls visit(path in the tree, entry) for everything that is source.
template <class Visit>
void for_each_entry(const fs::path& top, Visit visit) {
    for (auto entry = fs::recursive_directory_iterator(top); entry != fs::recursive_directory_iterator(); ++entry) {
        const fs::path path = entry->path().lexically_relative(top);
        const std::string name = path.filename();
        if (path == "build" || path == ".git" || name == ".cache") {
            entry.disable_recursion_pending();
            continue;
        }
        visit(path, *entry);
    }
}

}  // namespace

TreeCopy::TreeCopy() : top_(folder_.path() + "/eft") {
    fs::create_directory(top_);
    for_each_entry(EFT_SOURCE_DIR, [this](const fs::path& path, const fs::directory_entry& entry) {
        if (entry.is_symlink()) fs::copy_symlink(entry.path(), top_ / path);
        else if (entry.is_directory()) fs::create_directory(top_ / path);
        else fs::copy_file(entry.path(), top_ / path);
    });
}

Ended TreeCopy::run(const std::string& command, int seconds) const {
    const fs::path script = folder_.write("command", command), printed = fs::path(folder_.path()) / "printed", errors = fs::path(folder_.path()) / "errors";
    const std::string line = "cd " + top_ + " && unset EFT_BUILD && timeout " + std::to_string(seconds) + " bash " + script.string() + " >" + printed.string() + " 2>" + errors.string() + " </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, contents(printed), contents(errors)};
}

void TreeCopy::write(const std::string& path, const std::string& text) const {
    const fs::path place = fs::path(top_) / path;
    fs::create_directories(place.parent_path());
    std::ofstream(place, std::ios::binary) << text;
}

std::map<std::string, std::string> TreeCopy::files() const {
    std::map<std::string, std::string> all;
    for_each_entry(top_, [&](const fs::path& path, const fs::directory_entry& entry) {
        all[path] = entry.is_regular_file() ? contents(entry.path()) : "";
    });
    return all;
}

}  // namespace eft::documents
