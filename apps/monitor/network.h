// What the commands of the network have in common.
#pragma once

#include "monitor/shell.h"

#include <eft/socket/address.h>
#include <eft/socket/sockets.h>

namespace eft::monitor {

constexpr std::string_view kNetworkService = "net";

// Prints "NAME: OBJECT: what is wrong", or what is wrong with the network server, and answers 1.
Task<int> fail_network(Shell& shell, const Arguments& given, std::string_view object, Error error);

// Runs a task, but not for longer than that. False: the time was over, and the task was cancelled. A task that is done is done
// as well if the clock fails.
Task<bool> within(Shell& shell, u64 nanoseconds, Task<void> task);

}  // namespace eft::monitor
