#include "monitor/line_editor.h"

#include <utility>

namespace eft::monitor {
namespace {

constexpr unsigned char kCtrlC = 3, kBell = 7, kBackspace = 8, kCtrlU = 0x15, kEscape = 0x1b, kDelete = 0x7f;
constexpr bool continues_character(unsigned char byte) { return (byte & 0xc0) == 0x80; }

}  // namespace

Typed LineEditor::type(char typed, std::string& echo) {
    const unsigned char byte = static_cast<unsigned char>(typed);
    const bool after_return = std::exchange(after_return_, byte == '\r');
    if (swallow_escape(byte)) return Typed::Nothing;
    switch (byte) {
        case '\n':
            if (after_return) return Typed::Nothing;
            [[fallthrough]];
        case '\r': echo += "\n"; return Typed::Line;
        case kCtrlC:
            line_.clear();
            echo += "^C\n";
            return Typed::Dropped;
        case kCtrlU:
            while (!line_.empty()) erase_one(echo);
            return Typed::Nothing;
        case kBackspace:
        case kDelete:
            if (!line_.empty()) erase_one(echo);
            return Typed::Nothing;
        default: break;
    }
    if (byte == '\t') typed = ' ';
    else if (byte < ' ') return Typed::Nothing;
    if (line_.size() == kMaxLine) {
        echo.push_back(static_cast<char>(kBell));
        return Typed::Nothing;
    }
    line_.push_back(typed);
    echo.push_back(typed);
    return Typed::Nothing;
}

std::string LineEditor::take_line() { return std::exchange(line_, {}); }

// Cursor keys and their like: ESC, then one byte, or `[` and bytes up to a letter or `~`.
bool LineEditor::swallow_escape(unsigned char byte) {
    switch (escape_) {
        case Escape::None:
            if (byte != kEscape) return false;
            escape_ = Escape::Begun;
            return true;
        case Escape::Begun:
            if (byte < ' ') {  // no sequence: a control character counts
                escape_ = Escape::None;
                return false;
            }
            escape_ = byte == '[' || byte == 'O' ? Escape::Sequence : Escape::None;
            return true;
        case Escape::Sequence:
            if (byte < ' ') {
                escape_ = Escape::None;
                return false;
            }
            if (byte >= '@') escape_ = Escape::None;
            return true;
    }
    return false;
}

void LineEditor::erase_one(std::string& echo) {
    while (!line_.empty() && continues_character(static_cast<unsigned char>(line_.back()))) line_.pop_back();
    if (!line_.empty()) line_.pop_back();
    echo += "\b \b";
}

}  // namespace eft::monitor
