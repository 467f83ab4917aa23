// What the Tab key completes: which kind of word stands before the cursor, and how the ones that fit go on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace eft::monitor {

struct Question {
    enum class Of { Nothing, Command, Verb, Service, Method, Event, Path };
    Of of = Of::Nothing;
    std::string word;                 // what there is of it, unquoted
    std::vector<std::string> before;  // the words of its command before it
    std::string argument;             // the form of a Verb: "list|info"
};

// `arguments_of(command)` is the form of its arguments, as `help` prints it; empty if there is no such command.
using ArgumentsOf = std::string_view (*)(std::string_view command);
Question question_of(std::string_view before_cursor, ArgumentsOf arguments_of);

// Those that begin with the word, sorted, each once.
std::vector<std::string> fitting(std::vector<std::string> all, std::string_view word);
// What all of them have in common beyond the word, quoted as a line needs it; a blank behind the only one, unless it ends
// in '/'.
std::string continuation(const std::vector<std::string>& fitting, std::string_view word);
// In columns, for a terminal of 80.
std::string columns(const std::vector<std::string>& names);

}  // namespace eft::monitor
