// From a typed line to commands.
//
//   line     = command { (";" | "&") command }      "&" runs what stands before it in the background
//   word     = characters without blanks; 'as it is'; "as it is, but $?"; \x is x
//              {...} at the start of a word is as it is up to its last brace, quotes included: JSON
//   | < > alone are refused: there are no pipes and redirections
//   $?       is the status of the last command when its own command starts
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eft::monitor {

struct Command {
    std::vector<std::string> words;  // kStatusMark stands where $? stood
    bool background = false;
};

constexpr char kStatusMark = '\x01';

struct ParsedLine {
    std::vector<Command> commands;
    std::string_view wrong;  // not empty: why nothing of it can be run
};
ParsedLine parse_line(std::string_view line);

// The words with the status in place of its marks.
std::vector<std::string> expand(const std::vector<std::string>& words, int status);

}  // namespace eft::monitor
