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

std::string file_stem(const std::string& path) {
    std::string name = path.substr(path.rfind('/') + 1);
    return name.substr(0, name.rfind('.'));
}

std::string colons(std::string_view dotted) {
    std::string text;
    for (char c : dotted) text += c == '.' ? std::string("::") : std::string(1, c);
    return text;
}

// Members, parameters of templates, and names of types in generated classes.
constexpr std::string_view kInner[] = {"Attachment", "Base",    "ClientOf", "Methods", "Opener",        "Opens",       "Record", "Request",
                                       "Response",   "RingConsumer", "RingOf", "Server",  "Service",       "Session",     "SessionKind", "SessionRecord",
                                       "Table",      "Transport", "Wake"};

std::string cpp_name(const std::string& full, const std::string& space) {
    auto dot = full.rfind('.');
    std::string its_space = dot == std::string::npos ? "" : full.substr(0, dot);
    const std::string plain = full.substr(dot + 1);
    if (std::find(std::begin(kInner), std::end(kInner), plain) != std::end(kInner)) return "::" + colons(full);
    if (its_space == space) return plain;
    if (its_space == "eft") return "eft::" + plain;
    return "::" + colons(full);
}

}  // namespace idlc
