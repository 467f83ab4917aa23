#include "prompt.h"

#include <charconv>

namespace eft::qemu {
namespace {

constexpr std::string_view kPrompt = "eft> ";

}  // namespace

Prompt::Prompt(Console& console, Duration boot_timeout) : console_(console) {
    const Deadline deadline = after(boot_timeout);
    while (console_.read_line_or_prompt(kPrompt, until(deadline))) {
    }
}

std::string Prompt::run(const std::string& line, Duration timeout) {
    if (line.find('\n') != std::string::npos) throw std::runtime_error("more than one line for the prompt");
    const Deadline deadline = after(timeout);
    console_.write_line(line);
    console_.read_line(timeout);  // the echo of what we typed
    std::string output;
    while (const auto text = console_.read_line_or_prompt(kPrompt, until(deadline))) output += *text + "\n";
    return output;
}

int Prompt::status(Duration timeout) {
    const std::string output = run("echo $?", timeout);
    int status = 0;
    const auto [end, error] = std::from_chars(output.data(), output.data() + output.size(), status);
    if (error != std::errc() || *end != '\n') throw std::runtime_error("`echo $?` printed \"" + output + "\"");
    return status;
}

void shut_down(Machine& machine, Duration timeout) {
    machine.console().write_line("shutdown");
    const MachineExit exit = machine.wait_for_exit(timeout);
    if (!exit.powered_off()) {
        throw ConsoleError("shutdown ended the machine with " + exit.text() + "\n" + machine.console().tail());
    }
}

}  // namespace eft::qemu
