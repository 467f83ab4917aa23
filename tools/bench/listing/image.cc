#include "image.h"

#include <child.h>
#include <temporary.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace eft::bench {
namespace {

using qemu::quoted;

std::string output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) throw std::runtime_error("cannot start " + command);
    std::string output;
    std::array<char, 65536> buffer;
    while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), count);
    if (pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
    return output;
}

bool is_mark(const std::string& symbol) { return symbol.starts_with("bench_") && symbol.find_last_not_of("0123456789") == symbol.rfind('_'); }

std::string bytes_of(const std::string& digits) {
    std::istringstream words(digits);
    std::string bytes;
    for (std::string word; words >> word;) bytes += static_cast<char>(std::stoi(word, nullptr, 16));
    return bytes;
}

std::string trimmed(std::string text) {
    text.erase(text.find_last_not_of(" \t") + 1);
    return text;
}

}  // namespace

std::string short_name(const std::string& demangled) {
    std::string text;
    for (std::size_t i = 0; i < demangled.size(); ++i) {
        const char c = demangled[i];
        if (demangled.compare(i, 7, "{lambda") == 0) {
            text += "{lambda}";
            i = demangled.find('}', i);
            if (i == std::string::npos) break;
        } else if (c == '<' || c == '(') {
            unsigned depth = 0;
            for (; i < demangled.size(); ++i) {
                depth += demangled[i] == '<' || demangled[i] == '(';
                depth -= demangled[i] == '>' || demangled[i] == ')';
                if (depth == 0) break;
            }
        } else if (c == '[') {
            break;  // [clone …]
        } else {
            text += c;
        }
    }
    text = trimmed(text);
    if (text.ends_with(" const")) text.erase(text.size() - 6);
    if (const std::size_t space = text.rfind(' '); space != std::string::npos) text.erase(0, space + 1);
    if (text.ends_with("::operator")) text.erase(text.size() - 10);  // a lambda's
    if (text == "operator") return "{lambda}";
    // A lambda keeps the name of its function.
    const std::size_t lambda = text.find("::{lambda}");
    if (lambda != std::string::npos) text.erase(lambda, 2);
    const std::size_t scope = text.rfind("::", lambda);
    return scope == std::string::npos ? text : text.substr(scope + 2);
}

Image::Image(std::string name, const std::string& path) : name_(std::move(name)), path_(path) {
    // Lines: "0000000000400090 <symbol>:", and "  400090:\t48 8b 44 24 f0 \tmov …", of which a long one goes on without text.
    std::istringstream lines(output_of("objdump -d -C -w " + quoted(path)));
    std::string symbol;
    std::uint64_t start = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with(">:")) {
            const std::size_t open = line.find('<');
            const std::string found = line.substr(open + 1, line.size() - open - 3);
            const std::uint64_t address = std::stoull(line, nullptr, 16);
            if (is_mark(found)) {
                marks_[address] = found;
            } else {
                symbol = short_name(found), start = address;
            }
            continue;
        }
        const std::size_t colon = line.find(":\t"), tab = colon == std::string::npos ? colon : line.find('\t', colon + 2);
        if (tab == std::string::npos) continue;
        const std::uint64_t address = std::stoull(line, nullptr, 16);
        instructions_[address] = {symbol, address - start, bytes_of(line.substr(colon + 2, tab - colon - 2)), trimmed(line.substr(tab + 1))};
    }
    if (instructions_.empty()) throw std::runtime_error("objdump finds no code in " + path);
    // Two symbols at one address: objdump shows one, nm both.
    std::istringstream symbols(output_of("nm " + quoted(path)));
    std::uint64_t address;
    std::string kind, found;
    while (symbols >> std::hex >> address >> kind >> found) {
        if (is_mark(found)) marks_[address] = found;
    }
}

const Instruction* Image::find(std::uint64_t address) const {
    const auto found = instructions_.find(address);
    return found == instructions_.end() ? nullptr : &found->second;
}

std::uint64_t Image::variable(const std::string& wanted) const {
    std::istringstream symbols(output_of("nm " + quoted(path_)));
    std::uint64_t address;
    std::string kind, found;
    while (symbols >> std::hex >> address >> kind >> found) {
        if (found == wanted) return address;
    }
    throw std::runtime_error(name_ + " has no variable " + wanted);
}

std::map<std::uint64_t, Source> Image::sources(const std::set<std::uint64_t>& addresses) const {
    std::ostringstream wanted;
    for (const std::uint64_t address : addresses) wanted << std::hex << address << '\n';
    const qemu::TemporaryFolder folder;
    const std::string file = folder.write("addresses", wanted.str());
    // For each address its own line, then function and file:line from the innermost function outwards.
    std::istringstream lines(output_of("addr2line -a -i -f -C -e " + quoted(path_) + " < " + quoted(file)));
    std::map<std::uint64_t, Source> result;
    std::string line, place;
    while (std::getline(lines, line)) {
        if (!line.starts_with("0x")) continue;
        const std::uint64_t address = std::stoull(line, nullptr, 16);
        if (!std::getline(lines, line) || !std::getline(lines, place)) break;
        place = place.substr(0, place.find(" ("));
        place = std::filesystem::path(place).filename();
        result[address] = {line == "??" || is_mark(line) ? "" : short_name(line), place.starts_with("?") ? "" : place};
    }
    return result;
}

}  // namespace eft::bench
