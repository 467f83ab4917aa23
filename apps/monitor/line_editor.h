// The line that a person types: what each byte does to it, and what goes back to the terminal.
#pragma once

#include <string>
#include <string_view>

namespace eft::monitor {

enum class Typed {
    Nothing,  // the line goes on
    Line,     // it is complete: take_line()
    Dropped,  // Ctrl-C
};

class LineEditor {
public:
    static constexpr std::size_t kMaxLine = 1024;

    // Appends the echo to `echo`.
    Typed type(char byte, std::string& echo);
    std::string take_line();
    std::string_view text() const { return line_; }

private:
    enum class Escape : char { None, Begun, Sequence };

    bool swallow_escape(unsigned char byte);
    void erase_one(std::string& echo);

    std::string line_;
    Escape escape_ = Escape::None;
    bool after_return_ = false;  // a line feed right behind a carriage return is the same key
};

}  // namespace eft::monitor
