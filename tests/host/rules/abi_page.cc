#include "abi_page.h"

#include <cstdio>
#include <regex>

namespace eft::rules {
namespace {

// How an enumerator of one enumeration has to look on the page: % is its name, # its value, $ its value in hexadecimal.
struct Form {
    const char* enumeration;
    const char* form;
    unsigned long first, last;  // which values are the kernel's
};
constexpr Form kForms[] = {
    {"SystemCall", "| # | % |", 0, ~0ul},
    {"DebugCall", "% (#)", 0, ~0ul},
    {"ObjectType", "| % | # |", 1, ~0ul},
    {"EndpointRight", "% #", 0, ~0ul},
    {"NotificationRight", "% #", 0, ~0ul},
    {"FrameRight", "% #", 0, ~0ul},
    {"ControlRight", "% #", 0, ~0ul},
    {"Invocation", "| % $", 0, ~0ul},
    {"MapFlag", "% #", 0, ~0ul},
    {"ThreadState", "| % # |", 0, ~0ul},
    {"UserRegister", "%", 0, 19},  // Count is none
    {"FaultBit", "% #", 0, ~0ul},
    {"Error", "| % # |", 1, 63},
};

std::string filled(const std::string& form, const std::string& name, unsigned long value) {
    char hexadecimal[24];
    std::snprintf(hexadecimal, sizeof(hexadecimal), "0x%lx", value);
    std::string text;
    for (const char c : form) text += c == '%' ? name : c == '#' ? std::to_string(value) : c == '$' ? hexadecimal : std::string(1, c);
    return text;
}

bool is_word_character(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

// Not as a part of longer words.
bool contains(const std::string& page, const std::string& wanted) {
    for (std::size_t at = page.find(wanted); at != std::string::npos; at = page.find(wanted, at + 1)) {
        const std::size_t end = at + wanted.size();
        const bool alone_before = at == 0 || !is_word_character(wanted.front()) || !is_word_character(page[at - 1]);
        const bool alone_after = end == page.size() || !is_word_character(wanted.back()) || !is_word_character(page[end]);
        if (alone_before && alone_after) return true;
    }
    return false;
}

}  // namespace

std::map<std::string, unsigned long> enumerators(const std::string& header, const std::string& name) {
    static const std::regex kComment("//[^\n]*");
    const std::string code = std::regex_replace(header, kComment, "");
    std::smatch body;
    std::map<std::string, unsigned long> found;
    if (!std::regex_search(code, body, std::regex("enum class " + name + R"([^{;]*\{([^}]*)\})"))) return found;
    const std::string list = body[1];
    static const std::regex kItem(R"((\w+)\s*(=\s*(0x[0-9a-fA-F]+|[0-9]+)u?)?\s*(,|$))");
    unsigned long next = 0;
    for (auto item = std::sregex_iterator(list.begin(), list.end(), kItem); item != std::sregex_iterator(); ++item) {
        if ((*item)[3].matched) next = std::stoul((*item)[3], nullptr, 0);
        found[(*item)[1]] = next++;
    }
    return found;
}

Complaints check_abi_page(const std::string& header, const std::string& page) {
    Complaints complaints;
    for (const Form& form : kForms) {
        const auto all = enumerators(header, form.enumeration);
        if (all.empty()) complaints.push_back(std::string("the ABI has no enumeration ") + form.enumeration);
        for (const auto& [name, value] : all) {
            if (value < form.first || value > form.last) continue;
            const std::string wanted = filled(form.form, name, value);
            if (!contains(page, wanted)) complaints.push_back(std::string("docs/kernel-abi.md: ") + form.enumeration + "::" + name + " is missing: \"" + wanted + "\"");
        }
    }
    return complaints;
}

}  // namespace eft::rules
