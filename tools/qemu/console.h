// The serial console of a machine: reads with a deadline, keeps everything that was ever read.
//
// What a wait consumes is gone for the next wait, but stays in log(). A wait that fails throws ConsoleError, whose
// message carries the end of the log: whoever sees the test fail sees what the machine said last.
#pragma once

#include "child.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace eft::qemu {

struct ConsoleError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Console {
public:
    explicit Console(File file) : file_(std::move(file)) {}

    struct Match {
        std::string before;               // what came ahead of the match
        std::vector<std::string> groups;  // the whole match, then its groups
    };

    // Returns what came before `text`; both are consumed.
    std::string read_until(std::string_view text, Duration timeout);
    // The same for a regular expression (ECMAScript). It sees everything unread so far, not only one line, and `$`
    // matches at the end of what has arrived: end a pattern with the character that ends what it looks for. For lines
    // of moderate length: libstdc++ matches recursively.
    Match read_match(const std::string& pattern, Duration timeout);
    // The next line, without its end.
    std::string read_line(Duration timeout);
    // The same, or nothing if `prompt` stands where the next line would start; it is then consumed.
    std::optional<std::string> read_line_or_prompt(std::string_view prompt, Duration timeout);
    // Gives what is unread to `take`, which answers how much of it is consumed; waits first if there is nothing. `awaited`
    // is for the message.
    template <class Take>
    void read_some(const std::string& awaited, Duration timeout, Take take) {
        const Deadline deadline = after(timeout);
        while (unread().empty()) receive(deadline, awaited);
        consume(take(unread()));
    }
    // Everything until the machine closes the port by ending.
    std::string read_to_end(Duration timeout);

    void write(std::string_view text);
    void write_line(std::string_view line);

    // All output so far, with "\r\n" as "\n".
    const std::string& log() const { return log_; }
    // Its last lines, for messages.
    std::string tail() const;

private:
    void receive(Deadline deadline, const std::string& awaited);
    std::string consume(std::size_t length);
    std::string_view unread() const { return std::string_view(log_).substr(consumed_); }

    File file_;
    std::string log_;
    std::size_t consumed_ = 0;
    bool ended_ = false;
};

}  // namespace eft::qemu
