#include "words.h"

#include <taken_names.h>

#include <algorithm>
#include <iterator>

namespace eft::fresh {
namespace {

constexpr std::size_t kLongest = 24;  // a name in the manifest has at most 31, and tests add words to it

// Names of the implementation, some macros among them, that a namespace cannot have.
constexpr std::string_view kNoNamespaces[] = {"eft", "linux", "main", "std", "unix"};

// The FlatBuffers schema language: its grammar's keywords and types.
constexpr std::string_view kSchemaWords[] = {
    "attribute", "bool",   "byte",    "double",    "enum",       "false",       "file_extension", "file_identifier", "float",  "float32", "float64",
    "include",   "inf",    "infinity", "int",      "int16",      "int32",       "int64",          "int8",            "long",   "namespace", "nan",
    "native_include", "null", "root_type", "rpc_service", "short", "string",    "struct",         "table",           "true",   "ubyte",   "uint",
    "uint16",    "uint32", "uint64",  "uint8",     "ulong",      "union",       "ushort",
};

// Targets that CMake makes itself, and libraries that everything is linked with.
constexpr std::string_view kBuildWords[] = {"all", "clean", "edit_cache", "gcc", "help", "install", "libos", "package", "package_source", "rebuild_cache", "test"};

// What the system itself is made of, beside the manifest's services.
constexpr std::string_view kSystemWords[] = {"dev", "manifest", "mem", "names", "proc", "root", "rs"};

template <std::size_t N>
bool contains(const std::string_view (&words)[N], std::string_view word) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_lower(c) || is_digit(c) || c == '_' || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string trouble_with_word(std::string_view name) {
    const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '_'; };
    if (name.empty() || !is_lower(name.front()) || !std::all_of(name.begin(), name.end(), allowed))
        return "a name is small letters, digits and _, and begins with a letter";
    if (name.find("__") != name.npos || name.back() == '_') return "a name has no two _ in a row, and none at its end";
    if (name.size() > kLongest) return "a name has at most " + std::to_string(kLongest) + " characters";
    if (idlc::is_cpp_word(name) || contains(kNoNamespaces, name)) return "that is a word of C++";
    if (idlc::is_macro(name)) return "that is a macro of the C library, or of Eft";
    const auto words = idlc::service_words();
    if (std::find(words.begin(), words.end(), camel_case(name)) != words.end() || idlc::is_generated(camel_case(name))) return "generated code has " + camel_case(name) + " for itself";
    if (contains(kSchemaWords, name)) return "that is a word of FlatBuffers schemas";
    if (contains(kBuildWords, name)) return "the build has a target of that name";
    if (contains(kSystemWords, name)) return "the system has a part of that name";
    if (idlc::is_header(name)) return "a header of the C or C++ library has that name, and the component's own would hide it";
    return {};
}

std::string camel_case(std::string_view name) {
    std::string result;
    bool first = true;
    for (const char c : name) {
        if (c == '_') {
            first = true;
        } else {
            result += first && is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
            first = false;
        }
    }
    return result;
}

std::vector<std::string_view> words_of_code(std::string_view source) {
    // Behind what is no code at `at`, or `at`.
    const auto behind = [source](std::size_t at) {
        std::size_t end = at;
        if (source.substr(at, 2) == "//") end = source.find('\n', at);
        if (source[at] == '"' || source[at] == '@') end = source.find(source[at], at + 1);
        return end == at ? at : std::min(end, source.size() - 1) + 1;
    };
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < source.size();) {
        if (const std::size_t next = behind(at); next != at) {
            at = next;
        } else if (is_word(source[at])) {
            std::size_t end = at;
            while (end < source.size() && is_word(source[end])) ++end;
            words.push_back(source.substr(at, end - at));
            at = end;
        } else {
            ++at;
        }
    }
    return words;
}

}  // namespace eft::fresh
