#include "tree.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace eft::rules {
namespace {

bool skipped(const std::filesystem::path& path) {
    const std::string name = path.filename();
    return name.starts_with(".") || name == "build";
}

}  // namespace

Tree read_tree(const std::string& top) {
    Tree tree;
    auto entry = std::filesystem::recursive_directory_iterator(top);
    for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
        if (skipped(entry->path())) {
            entry.disable_recursion_pending();
        } else if (entry->is_regular_file()) {
            std::ifstream file(entry->path(), std::ios::binary);
            tree.push_back(
                {std::filesystem::relative(entry->path(), top), std::string(std::istreambuf_iterator<char>(file), {})});
        }
    }
    return tree;
}

}  // namespace eft::rules
