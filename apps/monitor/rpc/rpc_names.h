// The names that `rpc` knows.
#pragma once

#include "monitor/shell.h"

namespace eft::monitor {

// Of those that may be called.
std::vector<std::string> rpc_services(Shell& shell);
// These open a session with the service, as a call would; none if that is not possible.
Task<std::vector<std::string>> rpc_methods(Shell& shell, std::string service);
Task<std::vector<std::string>> rpc_events(Shell& shell, std::string service);

}  // namespace eft::monitor
