#include "document.h"

#include <regex>
#include <sstream>
#include <stdexcept>

namespace eft::documents {
namespace {

constexpr const char* kAnything = "…";

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        line.erase(line.find_last_not_of(" \t\r") + 1);
        lines.push_back(line);
    }
    return lines;
}

[[noreturn]] void fail(int line, const std::string& what) { throw std::runtime_error("line " + std::to_string(line) + ": " + what); }

// The path in a line that ends with it: "…: `idl/kv.fbs`:".
std::string announced_file(const std::string& line) {
    static const std::regex pattern("`([A-Za-z0-9_./-]+)`:$");
    std::smatch match;
    return std::regex_search(line, match, pattern) ? match[1].str() : std::string();
}

void add_commands(std::vector<Step>& steps, const std::vector<std::string>& block, int line) {
    for (const std::string& each : block) {
        if (each.starts_with("$ ")) steps.push_back({line, {}, each.substr(2), {}});
        else steps.back().printed += each + "\n";
        ++line;
    }
}

bool line_matches(const std::string& expected, const std::string& printed) {
    static const std::regex special("[.^$|()\\[\\]{}*+?\\\\]");
    std::string pattern = std::regex_replace(expected, special, "\\$&");
    for (std::size_t at; (at = pattern.find(kAnything)) != std::string::npos;) pattern.replace(at, std::string(kAnything).size(), ".*");
    return std::regex_match(printed, std::regex(pattern));
}

bool lines_match(const std::vector<std::string>& expected, std::size_t next, const std::vector<std::string>& printed, std::size_t at) {
    if (next == expected.size()) return at == printed.size();
    if (expected[next] == kAnything) {
        for (std::size_t behind = at; behind <= printed.size(); ++behind)
            if (lines_match(expected, next + 1, printed, behind)) return true;
        return false;
    }
    return at < printed.size() && line_matches(expected[next], printed[at]) && lines_match(expected, next + 1, printed, at + 1);
}

}  // namespace

std::vector<Step> steps_of(const std::string& page) {
    std::vector<Step> steps;
    std::string before;  // the last line of text
    int number = 0, begin = 0;
    std::vector<std::string> block;
    for (const std::string& line : lines_of(page)) {
        ++number;
        if (begin == 0 && line.starts_with("```")) {
            begin = number;
            block.clear();
        } else if (begin == 0) {
            if (!line.empty()) before = line;
        } else if (line != "```") {
            block.push_back(line);
        } else {
            const std::string file = announced_file(before);
            if (!file.empty()) {
                std::string text;
                for (const std::string& each : block) text += each + "\n";
                steps.push_back({begin, file, text, {}});
            } else if (!block.empty() && block.front().starts_with("$ ")) {
                add_commands(steps, block, begin + 1);
            } else {
                fail(begin, "this block is neither a file nor commands");
            }
            begin = 0;
            before.clear();
        }
    }
    if (begin != 0) fail(begin, "this block does not end");
    return steps;
}

bool matches(const std::string& expected, const std::string& printed) { return lines_match(lines_of(expected), 0, lines_of(printed), 0); }

}  // namespace eft::documents
