// The line that a person types: what each key does to it, and what goes back to the terminal.
//
//   left, right, Ctrl-B, Ctrl-F        by one character        Home, End, Ctrl-A, Ctrl-E    to the beginning, to the end
//   Ctrl-left, Ctrl-right, Alt-B, -F   by one word             Backspace, Delete, Ctrl-D    delete one character
//   Ctrl-W, Alt-Backspace, Alt-D       delete one word         Ctrl-U, Ctrl-K               delete what is before, behind
//   Ctrl-Y                             what was deleted last   up, down, Ctrl-P, Ctrl-N     earlier and later lines
//   Tab                                completion              Ctrl-L                       the line on a cleared screen
//   Ctrl-C                             drops the line
//
// Words are what blanks separate. The terminal is taken to be as wide as the line is long: a line that it wraps is edited
// right, but may look wrong until the next one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace eft::monitor {

enum class Typed {
    Nothing,  // the line goes on
    Line,     // it is complete: take_line()
    TooLong,  // so was this one; it is gone
    Dropped,  // Ctrl-C
    Tab,      // completion is wanted
    Clear,    // Ctrl-L: the prompt is to be shown again, then show()
};

class LineEditor {
public:
    static constexpr std::size_t kMaxLine = 8192;  // in bytes
    static constexpr std::size_t kMaxHistory = 256;

    // Appends the echo to `echo`.
    Typed type(char byte, std::string& echo);
    // It is the newest of the history from now on.
    std::string take_line();

    std::string_view text() const { return line_; }
    std::string_view before_cursor() const { return text().substr(0, cursor_); }
    // As if it had been typed.
    void insert(std::string_view text, std::string& echo);
    // The whole line, and the cursor at its place; behind a prompt.
    void show(std::string& echo) const;

private:
    enum class Escape : char { None, Begun, Sequence };

    Typed control(unsigned char byte, std::string& echo);
    void escaped(unsigned char byte, std::string& echo);
    void sequence(std::string& echo);
    void move_to(std::size_t place, std::string& echo);
    void remove(std::size_t from, std::size_t to, std::string& echo);
    void remove_word(std::size_t from, std::size_t to, std::string& echo);
    void replace(std::string_view text, std::string& echo);
    void go_in_history(int step, std::string& echo);
    std::size_t before(std::size_t place) const;
    std::size_t behind(std::size_t place) const;
    std::size_t word_before(std::size_t place) const;
    std::size_t word_behind(std::size_t place) const;

    std::string line_;
    std::size_t cursor_ = 0;  // in bytes
    std::string deleted_;
    std::vector<std::string> history_;
    std::size_t shown_ = 0;  // the line of the history that is shown; its size: none of them
    std::string draft_;      // what was typed before one was shown
    Escape escape_ = Escape::None;
    std::string sequence_;
    bool after_return_ = false;  // a line feed right behind a carriage return is the same key
    bool too_long_ = false;      // something of this line was not taken
};

}  // namespace eft::monitor
