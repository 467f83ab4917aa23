// The answer to a script: the output of commands as the prompt sends it, which no output can imitate (the form is defined in
// apps/monitor/script.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace eft::qemu {

// The request to run these command lines.
std::string script_request(std::string_view lines);

class ScriptAnswer {
public:
    // Takes some of what comes from the console, carriage returns removed; answers how much of it belongs to the answer or
    // to what came before it. Adds what the commands printed to `output`.
    std::size_t take(std::string_view text, std::string& output);

    // The status of the last command, once the answer is complete.
    std::optional<int> status() const { return status_; }
    // The process of the prompt has been restarted. What it says of that: a line, or nothing.
    bool broken_off() const { return broken_off_; }
    const std::string& reason() const { return reason_; }

private:
    enum class At { Before, Output, Status, Restarted };
    void take_output(char character, std::string& output);
    void take_reason(char character);

    At at_ = At::Before;
    bool escaped_ = false;
    std::string digits_;
    std::optional<int> status_;
    bool broken_off_ = false;
    std::string reason_;
};

}  // namespace eft::qemu
