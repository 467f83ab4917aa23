#include "monitor/command_line.h"

#include <eft/text.h>

#include <utility>

namespace eft::monitor {
namespace {

class LineParser {
public:
    explicit LineParser(std::string_view line) : rest_(line) {}

    ParsedLine parse() {
        while (!rest_.empty()) {
            const char character = take();
            switch (character) {
                case ' ':
                case '\t': end_word(); break;
                case ';':
                case '&':
                    if (!end_command(character == '&')) return refuse(character == '&' ? "no command stands before &" : "no command stands before ;");
                    break;
                case '\'':
                case '"':
                    if (!quoted(character)) return refuse(character == '"' ? "the quote \" is not closed" : "the quote ' is not closed");
                    break;
                case '{':
                    if (!(in_word_ ? literal(character) : braces())) return refuse("the brace { is not closed");
                    break;
                case '\\':
                    plain_ = false;
                    if (rest_.empty()) return refuse("nothing stands behind the last \\");
                    add(take());
                    break;
                default: add_or_status(character);
            }
        }
        end_word();
        if (pipes_) return refuse("there are no pipes and redirections; quote | < > where they are words");
        if (!command_.words.empty()) commands_.push_back(std::move(command_));
        return {std::move(commands_), {}};
    }

private:
    static ParsedLine refuse(std::string_view why) { return {{}, why}; }
    char take() {
        const char first = rest_.front();
        rest_.remove_prefix(1);
        return first;
    }
    // A typed mark would be taken for ours; no name has one.
    void add(char character) {
        in_word_ = true;
        plain_ = plain_ && (character == '|' || character == '<' || character == '>');
        if (character != kStatusMark) word_.push_back(character);
    }
    void add_or_status(char character) {
        if (character == '$' && rest_.starts_with('?')) {
            take();
            in_word_ = true;
            plain_ = false;
            word_.push_back(kStatusMark);
        } else {
            add(character);
        }
    }
    bool quoted(char quote) {
        in_word_ = true;
        plain_ = false;
        while (!rest_.empty()) {
            const char character = take();
            if (character == quote) return true;
            if (quote == '"') add_or_status(character);
            else add(character);
        }
        return false;
    }
    bool literal(char character) {
        add(character);
        return true;
    }
    // The opening one is taken. Braces in JSON's strings do not count.
    bool braces() {
        add('{');
        bool in_string = false;
        for (unsigned depth = 1; !rest_.empty();) {
            const char character = take();
            add(character);
            if (in_string && character == '\\' && !rest_.empty()) add(take());
            else if (character == '"') in_string = !in_string;
            else if (!in_string && character == '{') ++depth;
            else if (!in_string && character == '}' && --depth == 0) return true;
        }
        return false;
    }
    void end_word() {
        pipes_ = pipes_ || (in_word_ && plain_);
        plain_ = true;
        if (std::exchange(in_word_, false)) command_.words.push_back(std::exchange(word_, {}));
    }
    bool end_command(bool background) {
        end_word();
        if (command_.words.empty()) return false;
        command_.background = background;
        commands_.push_back(std::exchange(command_, {}));
        return true;
    }

    std::string_view rest_;
    bool in_word_ = false;
    bool plain_ = true;   // the word is of | < > only, and nothing of it is quoted
    bool pipes_ = false;  // there is such a word
    std::string word_;
    Command command_;
    std::vector<Command> commands_;
};

}  // namespace

ParsedLine parse_line(std::string_view line) { return LineParser(line).parse(); }

std::vector<std::string> expand(const std::vector<std::string>& words, int status) {
    FixedText<12> number;
    number.decimal(status);
    std::vector<std::string> result;
    for (const std::string& word : words) {
        std::string expanded;
        for (char character : word) {
            if (character == kStatusMark) expanded.append(number.view());
            else expanded.push_back(character);
        }
        result.push_back(std::move(expanded));
    }
    return result;
}

}  // namespace eft::monitor
