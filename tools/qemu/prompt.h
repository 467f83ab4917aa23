// Has commands run at Eft's prompt and reads what they print. The prompt is "eft> " at the start of a line; lines are sent
// as scripts (apps/monitor/script.h), so that what they print comes byte for byte, whatever it is.
#pragma once

#include "machine.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace eft::qemu {

inline constexpr std::string_view kPrompt = "eft> ";

// The process of the prompt was terminated, and restarted, while it ran commands.
struct PromptRestarted : ConsoleError {
    using ConsoleError::ConsoleError;
};

class Prompt {
public:
    // Waits for the first prompt.
    Prompt(Console& console, Duration boot_timeout);
    // The lines that came before it.
    const std::vector<std::string>& boot_lines() const { return boot_lines_; }

    // Gives what the lines print to `sink`, as it comes; what came before an error, too. PromptRestarted; ConsoleError: the
    // machine ended, or is not done in time.
    using Sink = std::function<void(std::string_view)>;
    void run(std::string_view lines, Duration timeout, const Sink& sink);
    // All that the lines print.
    std::string run(std::string_view lines, Duration timeout);
    // The status of the last command of the last run().
    int status() const { return status_; }

private:
    Console& console_;
    std::vector<std::string> boot_lines_;
    int status_ = 0;
};

// Types `shutdown` at the prompt of `machine`; throws unless it then powers off.
void shut_down(Machine& machine, Duration timeout);

}  // namespace eft::qemu
