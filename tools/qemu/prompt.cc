#include "prompt.h"

#include "script.h"

namespace eft::qemu {

Prompt::Prompt(Console& console, Duration boot_timeout) : console_(console) {
    const Deadline deadline = after(boot_timeout);
    while (auto line = console_.read_line_or_prompt(kPrompt, until(deadline))) boot_lines_.push_back(std::move(*line));
}

void Prompt::run(std::string_view lines, Duration timeout, const Sink& sink) {
    const Deadline deadline = after(timeout);
    console_.write(script_request(lines));
    ScriptAnswer answer;
    while (!answer.status() && !answer.broken_off()) {
        std::string output;
        console_.read_some("the end of what was run", until(deadline), [&](std::string_view text) { return answer.take(text, output); });
        if (!output.empty()) sink(output);
    }
    if (answer.broken_off())
        throw PromptRestarted("the prompt was restarted while it ran: its process ended\n" + answer.reason() + console_.tail());
    status_ = *answer.status();
    console_.read_until(kPrompt, until(deadline));
}

std::string Prompt::run(std::string_view lines, Duration timeout) {
    std::string output;
    run(lines, timeout, [&](std::string_view part) { output += part; });
    return output;
}

void shut_down(Machine& machine, Duration timeout) {
    machine.console().write_line("shutdown");
    const MachineExit exit = machine.wait_for_exit(timeout);
    if (!exit.powered_off()) {
        throw ConsoleError("shutdown ended the machine with " + exit.text() + "\n" + machine.console().tail());
    }
}

}  // namespace eft::qemu
