#include "monitor/line_editor.h"

#include <algorithm>
#include <utility>

namespace eft::monitor {
namespace {

constexpr unsigned char ctrl(char letter) { return static_cast<unsigned char>(letter & 0x1f); }
constexpr unsigned char kBackspaceKey = 8, kEscapeKey = 0x1b, kDeleteKey = 0x7f;
constexpr char kBell = 7;
constexpr std::size_t kMaxSequence = 16;
constexpr std::string_view kEraseBehind = "\x1b[J";  // ECMA-48, 8.3.39: to the end of the page

constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// How many places of the terminal the text takes.
std::size_t width(std::string_view text) {
    return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}
void go_back(std::string_view over, std::string& echo) { echo.append(width(over), '\b'); }

}  // namespace

Typed LineEditor::type(char typed, std::string& echo) {
    const unsigned char byte = static_cast<unsigned char>(typed);
    const bool after_return = std::exchange(after_return_, byte == '\r');
    if (byte == '\n' && after_return) return Typed::Nothing;
    if (byte < ' ' || byte == kDeleteKey) {
        const bool alt = std::exchange(escape_, Escape::None) == Escape::Begun;
        if (alt && (byte == kBackspaceKey || byte == kDeleteKey)) {
            remove_word(word_before(cursor_), cursor_, echo);
            return Typed::Nothing;
        }
        return control(byte, echo);
    }
    if (escape_ != Escape::None) escaped(byte, echo);
    else insert({&typed, 1}, echo);
    return Typed::Nothing;
}

Typed LineEditor::control(unsigned char byte, std::string& echo) {
    if (byte != '\r' && byte != '\n' && byte != kEscapeKey) too_long_ = false;  // whoever edits has heard the bell
    switch (byte) {
        case '\n':
        case '\r':
            move_to(line_.size(), echo);
            echo += "\n";
            if (!too_long_) return Typed::Line;
            take_line();
            return Typed::TooLong;
        case ctrl('C'):
            move_to(line_.size(), echo);
            line_.clear();
            cursor_ = 0;
            shown_ = history_.size();
            echo += "^C\n";
            return Typed::Dropped;
        case '\t': return Typed::Tab;
        case ctrl('L'): return Typed::Clear;
        case ctrl('A'): move_to(0, echo); break;
        case ctrl('E'): move_to(line_.size(), echo); break;
        case ctrl('B'): move_to(before(cursor_), echo); break;
        case ctrl('F'): move_to(behind(cursor_), echo); break;
        case ctrl('P'): go_in_history(-1, echo); break;
        case ctrl('N'): go_in_history(1, echo); break;
        case ctrl('D'): remove(cursor_, behind(cursor_), echo); break;
        case ctrl('U'): remove_word(0, cursor_, echo); break;
        case ctrl('K'): remove_word(cursor_, line_.size(), echo); break;
        case ctrl('W'): remove_word(word_before(cursor_), cursor_, echo); break;
        case ctrl('Y'): {
            const std::string text = deleted_;
            insert(text, echo);
            break;
        }
        case kBackspaceKey:
        case kDeleteKey: remove(before(cursor_), cursor_, echo); break;
        case kEscapeKey: escape_ = Escape::Begun; break;
        default: break;
    }
    return Typed::Nothing;
}

// What follows ESC: one byte, or `[` or `O` and bytes up to a letter or `~` (ECMA-48, 5.4; VT220, 3.2).
void LineEditor::escaped(unsigned char byte, std::string& echo) {
    if (escape_ == Escape::Sequence) {
        if (sequence_.size() < kMaxSequence) sequence_.push_back(static_cast<char>(byte));
        if (byte < '@') return;
        escape_ = Escape::None;
        sequence(echo);
        return;
    }
    const bool more = byte == '[' || byte == 'O';
    escape_ = more ? Escape::Sequence : Escape::None;
    sequence_.clear();
    switch (byte) {
        case 'b': move_to(word_before(cursor_), echo); break;
        case 'f': move_to(word_behind(cursor_), echo); break;
        case 'd': remove_word(cursor_, word_behind(cursor_), echo); break;
        default: break;
    }
}

void LineEditor::sequence(std::string& echo) {
    const bool by_word = sequence_.find(";5") != std::string::npos;  // with Ctrl, as xterm has it
    switch (sequence_.back()) {
        case 'A': go_in_history(-1, echo); break;
        case 'B': go_in_history(1, echo); break;
        case 'C': move_to(by_word ? word_behind(cursor_) : behind(cursor_), echo); break;
        case 'D': move_to(by_word ? word_before(cursor_) : before(cursor_), echo); break;
        case 'H': move_to(0, echo); break;
        case 'F': move_to(line_.size(), echo); break;
        case '~':
            if (sequence_ == "1~" || sequence_ == "7~") move_to(0, echo);
            if (sequence_ == "4~" || sequence_ == "8~") move_to(line_.size(), echo);
            if (sequence_ == "3~") remove(cursor_, behind(cursor_), echo);
            break;
        default: break;
    }
}

void LineEditor::insert(std::string_view text, std::string& echo) {
    if (text.size() > kMaxLine - line_.size()) {
        too_long_ = true;
        echo.push_back(kBell);
        return;
    }
    line_.insert(cursor_, text);
    cursor_ += text.size();
    echo.append(text);
    if (cursor_ == line_.size()) return;
    const std::string_view rest = std::string_view(line_).substr(cursor_);
    echo.append(rest);
    go_back(rest, echo);
}

std::string LineEditor::take_line() {
    std::string line = std::exchange(line_, {});
    cursor_ = 0;
    const bool blank = line.find_first_not_of(' ') == std::string::npos;
    if (!std::exchange(too_long_, false) && !blank && (history_.empty() || history_.back() != line)) {
        if (history_.size() == kMaxHistory) history_.erase(history_.begin());
        history_.push_back(line);
    }
    shown_ = history_.size();
    return line;
}

void LineEditor::show(std::string& echo) const {
    echo.append(line_);
    go_back(std::string_view(line_).substr(cursor_), echo);
}

void LineEditor::move_to(std::size_t place, std::string& echo) {
    const std::string_view line = line_;
    if (place < cursor_) go_back(line.substr(place, cursor_ - place), echo);
    else echo.append(line.substr(cursor_, place - cursor_));
    cursor_ = place;
}

void LineEditor::remove(std::size_t from, std::size_t to, std::string& echo) {
    if (from == to) return;
    move_to(from, echo);
    line_.erase(from, to - from);
    const std::string_view rest = std::string_view(line_).substr(from);
    echo.append(rest).append(kEraseBehind);
    go_back(rest, echo);
}

void LineEditor::remove_word(std::size_t from, std::size_t to, std::string& echo) {
    if (from == to) return;
    deleted_ = line_.substr(from, to - from);
    remove(from, to, echo);
}

void LineEditor::replace(std::string_view text, std::string& echo) {
    move_to(0, echo);
    echo.append(text).append(kEraseBehind);
    line_ = text;
    cursor_ = line_.size();
}

void LineEditor::go_in_history(int step, std::string& echo) {
    if (step < 0 ? shown_ == 0 : shown_ == history_.size()) return;
    if (shown_ == history_.size()) draft_ = line_;
    shown_ += static_cast<std::size_t>(step);
    const std::string text = shown_ == history_.size() ? draft_ : history_[shown_];
    replace(text, echo);
}

std::size_t LineEditor::before(std::size_t place) const {
    if (place != 0) --place;
    while (place != 0 && continues_character(line_[place])) --place;
    return place;
}
std::size_t LineEditor::behind(std::size_t place) const {
    if (place != line_.size()) ++place;
    while (place != line_.size() && continues_character(line_[place])) ++place;
    return place;
}
std::size_t LineEditor::word_before(std::size_t place) const {
    while (place != 0 && line_[place - 1] == ' ') --place;
    while (place != 0 && line_[place - 1] != ' ') --place;
    return place;
}
std::size_t LineEditor::word_behind(std::size_t place) const {
    while (place != line_.size() && line_[place] == ' ') ++place;
    while (place != line_.size() && line_[place] != ' ') ++place;
    return place;
}

}  // namespace eft::monitor
