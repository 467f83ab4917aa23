// A page of documentation as a list of things to do, so that a test can do them.
//
//   `path/of/a/file`:          the block below it is the whole file
//   a block that begins "$ "   commands, each with what it prints on standard output
//
// Any other block is a mistake: a page that is tested has nothing in it that is not. In what a command prints, a line
// "…" stands for any lines, and … within a line for any text without line ends. Blanks at the ends of lines do not count.
#pragma once

#include <string>
#include <vector>

namespace eft::documents {

struct Step {
    int line = 0;         // of the page, from 1
    std::string file;     // a path, or empty
    std::string text;     // the file's contents, or the command
    std::string printed;  // what the command prints
};

// Throws std::runtime_error with "line N: what is wrong".
std::vector<Step> steps_of(const std::string& page);

bool matches(const std::string& expected, const std::string& printed);

}  // namespace eft::documents
