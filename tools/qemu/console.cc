#include "console.h"

#include <algorithm>
#include <regex>

namespace eft::qemu {
namespace {

constexpr std::size_t kTailLines = 60;
constexpr Duration kWriteTimeout{10'000};

}  // namespace

std::string Console::read_until(std::string_view text, Duration timeout) {
    const Deadline deadline = after(timeout);
    while (true) {
        const std::size_t at = unread().find(text);
        if (at != std::string_view::npos) {
            std::string before = consume(at);
            consume(text.size());
            return before;
        }
        receive(deadline, "\"" + std::string(text) + "\"");
    }
}

Console::Match Console::read_match(const std::string& pattern, Duration timeout) {
    const std::regex expression(pattern);
    const Deadline deadline = after(timeout);
    while (true) {
        const std::string text(unread());
        std::smatch match;
        if (std::regex_search(text, match, expression)) {
            Match result{match.prefix(), {match.begin(), match.end()}};
            consume(static_cast<std::size_t>(match.position() + match.length()));
            return result;
        }
        receive(deadline, "/" + pattern + "/");
    }
}

std::string Console::read_line(Duration timeout) { return read_until("\n", timeout); }

// The length of the ANSI control sequences (ECMA-48, 5.4: ESC [ parameters, final byte) at the start of `text`.
static std::size_t control_sequences(std::string_view text) {
    std::size_t length = 0;
    while (text.substr(length).starts_with("\x1b[")) {
        std::size_t end = length + 2;
        while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
        if (end == text.size()) break;
        length = end + 1;
    }
    return length;
}

std::optional<std::string> Console::read_line_or_prompt(std::string_view prompt, Duration timeout) {
    const Deadline deadline = after(timeout);
    while (true) {
        // A boot loader may leave the cursor control of its own screen in front (GRUB's, from an ISO).
        const std::size_t control = control_sequences(unread());
        if (unread().substr(control).starts_with(prompt)) {
            consume(control + prompt.size());
            return std::nullopt;
        }
        const std::size_t end = unread().find('\n');
        if (end != std::string_view::npos) {
            std::string line = consume(end);
            consume(1);
            return line;
        }
        receive(deadline, "line or \"" + std::string(prompt) + "\"");
    }
}

std::string Console::read_to_end(Duration timeout) {
    const Deadline deadline = after(timeout);
    while (!ended_) receive(deadline, "the end");
    return consume(unread().size());
}

void Console::write(std::string_view text) { file_.write_all(text, after(kWriteTimeout)); }

void Console::write_line(std::string_view line) { write(std::string(line) + "\n"); }

std::string Console::tail() const {
    std::size_t start = log_.size();
    for (std::size_t lines = 0; lines <= kTailLines && start != 0; ++lines) {
        start = log_.rfind('\n', start - 1);
        if (start == std::string::npos) start = 0;
    }
    return "---- serial log" + std::string(start == 0 ? "" : ", its end") + " ----\n" + log_.substr(start) +
           "\n---- end of serial log ----";
}

void Console::receive(Deadline deadline, const std::string& awaited) {
    std::string bytes;
    if (ended_) throw ConsoleError("the machine ended while waiting for " + awaited + "\n" + tail());
    if (!file_.read_some(bytes, deadline, ended_)) throw ConsoleError("no " + awaited + " in time\n" + tail());
    bytes.erase(std::remove(bytes.begin(), bytes.end(), '\r'), bytes.end());
    log_ += bytes;
}

std::string Console::consume(std::size_t length) {
    std::string text(unread().substr(0, length));
    consumed_ += length;
    return text;
}

}  // namespace eft::qemu
