#include "symbols.h"

#include <child.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <sys/stat.h>

namespace eft::crash {
namespace {

// " at FILE:LINE", without the folder of the tree; nothing, if addr2line does not know the file.
std::string place_of(const std::string& said) {
    if (said.starts_with("??")) return {};
    const std::string tree = std::string(EFT_SOURCE_DIR) + "/";
    const std::string path = std::filesystem::path(said).lexically_normal();
    return " at " + (path.starts_with(tree) ? path.substr(tree.size()) : path);
}

}  // namespace

// A name that a dump gives leads to no file elsewhere.
std::string Symbols::path_of(std::string_view program) const {
    for (const char c : program)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') return {};
    const std::string path = folder_ + "/" + std::string(program);
    struct stat about = {};
    return !program.empty() && stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) ? path : std::string();
}

std::string Symbols::file_of(std::string_view program) const {
    std::ifstream file(path_of(program), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

long long Symbols::made_at(std::string_view program) const {
    struct stat about = {};
    const std::string path = path_of(program);
    return !path.empty() && stat(path.c_str(), &about) == 0 ? about.st_mtime : 0;
}

// addr2line -a begins what it says of an address with a line that is the address.
std::vector<std::vector<std::string>> Symbols::find(std::string_view program, const std::vector<u64>& addresses) const {
    const std::string path = path_of(program);
    if (path.empty() || addresses.empty()) return {};
    std::ostringstream command;
    command << "addr2line -a -f -i -C -e " << qemu::quoted(path) << std::hex;
    for (const u64 address : addresses) command << " 0x" << address;
    std::vector<std::vector<std::string>> found;
    std::istringstream lines(qemu::output_of(command.str()));
    std::string function, place;
    while (std::getline(lines, function)) {
        if (function.starts_with("0x")) {
            found.emplace_back();
            continue;
        }
        if (found.empty() || !std::getline(lines, place)) throw std::runtime_error("addr2line says what cannot be read: " + function);
        if (function != "??") found.back().push_back(function + place_of(place));
    }
    if (found.size() != addresses.size()) throw std::runtime_error("addr2line cannot read " + path);
    return found;
}

}  // namespace eft::crash
