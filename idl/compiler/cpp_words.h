// Words that C++ sources cannot use as names.
#pragma once

#include <string_view>

namespace idlc {

// C++23, [lex.key] and [lex.digraph], and the words with a meaning of their own.
inline constexpr std::string_view kCppWords[] = {
    "alignas",   "alignof",  "and",       "and_eq",   "asm",           "auto",       "bitand",       "bitor",        "bool",         "break",
    "case",      "catch",    "char",      "char8_t",  "char16_t",      "char32_t",   "class",        "compl",        "concept",      "const",
    "consteval", "constexpr", "constinit", "const_cast", "continue",    "co_await",   "co_return",    "co_yield",     "decltype",     "default",
    "delete",    "do",       "double",    "dynamic_cast", "else",      "enum",       "explicit",     "export",       "extern",       "false",
    "final",     "float",    "for",       "friend",   "goto",          "if",         "import",       "inline",       "int",          "long",
    "module",    "mutable",  "namespace", "new",      "noexcept",      "not",        "not_eq",       "nullptr",      "operator",     "or",
    "or_eq",     "override", "private",   "protected", "public",       "register",   "reinterpret_cast", "requires", "return",       "short",
    "signed",    "sizeof",   "static",    "static_assert", "static_cast", "struct",  "switch",       "template",     "this",         "thread_local",
    "throw",     "true",     "try",       "typedef",  "typeid",        "typename",   "union",        "unsigned",     "using",        "virtual",
    "void",      "volatile", "wchar_t",   "while",    "xor",           "xor_eq",
};

}  // namespace idlc
