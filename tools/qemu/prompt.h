// Types commands at Eft's prompt and reads what they print (the contract is in commands.md: the prompt is "eft> " at
// the start of a line, `echo $?` prints the status of the last command, `shutdown` powers off).
#pragma once

#include "machine.h"

#include <string>

namespace eft::qemu {

class Prompt {
public:
    // Waits for the first prompt.
    Prompt(Console& console, Duration boot_timeout);

    // Runs one line and returns what it printed, without its echo.
    std::string run(const std::string& line, Duration timeout);
    // The status of the last command of the last line.
    int status(Duration timeout);

private:
    Console& console_;
};

// Types `shutdown` at the prompt of `machine`; throws unless it then powers off.
void shut_down(Machine& machine, Duration timeout);

}  // namespace eft::qemu
