#include "names.h"

#include <algorithm>
#include <cctype>

namespace idlc {

std::string snake_case(std::string_view name) {
    std::string snake;
    for (std::size_t i = 0; i < name.size(); ++i) {
        bool upper = std::isupper(static_cast<unsigned char>(name[i]));
        bool starts_word = upper && i != 0 && name[i - 1] != '_' &&
                           (!std::isupper(static_cast<unsigned char>(name[i - 1])) ||
                            (i + 1 < name.size() && std::islower(static_cast<unsigned char>(name[i + 1]))));
        if (starts_word) snake += '_';
        snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    return snake;
}

std::string camel_case(std::string_view name) {
    std::string camel;
    bool up = true;
    for (char c : name) {
        if (c == '_') {
            up = true;
            continue;
        }
        camel += up ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        up = false;
    }
    return camel;
}

std::string colons(std::string_view dotted) {
    std::string text;
    for (char c : dotted) text += c == '.' ? std::string("::") : std::string(1, c);
    return text;
}

std::string cpp_name(const std::string& full, const std::string& space) {
    auto dot = full.rfind('.');
    std::string its_space = dot == std::string::npos ? "" : full.substr(0, dot);
    if (its_space == space) return full.substr(dot + 1);
    if (its_space == "eft") return "eft::" + full.substr(dot + 1);
    return "::" + colons(full);
}

bool is_cpp_keyword(std::string_view name) {
    static constexpr std::string_view kKeywords[] = {
        "alignas",   "alignof",  "and",      "asm",       "auto",      "bool",     "break",    "case",      "catch",
        "char",      "class",    "co_await", "co_return", "co_yield",  "concept",  "const",    "consteval", "constexpr",
        "constinit", "continue", "decltype", "default",   "delete",    "do",       "double",   "else",      "enum",
        "explicit",  "export",   "extern",   "false",     "float",     "for",      "friend",   "goto",      "if",
        "inline",    "int",      "long",     "mutable",   "namespace", "new",      "noexcept", "not",       "nullptr",
        "operator",  "or",       "private",  "protected", "public",    "register", "requires", "return",    "short",
        "signed",    "sizeof",   "static",   "struct",    "switch",    "template", "this",     "throw",     "true",
        "try",       "typedef",  "typeid",   "typename",  "union",     "unsigned", "using",    "virtual",   "void",
        "volatile",  "while",    "xor"};
    return std::find(std::begin(kKeywords), std::end(kKeywords), name) != std::end(kKeywords);
}

}  // namespace idlc
