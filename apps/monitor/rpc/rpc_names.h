// The names that `rpc` knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eft::monitor {

// Of those that may be called.
std::vector<std::string> rpc_services();
// Opens a session with the service, as a call would; none if that is not possible.
std::vector<std::string> rpc_methods(std::string_view service);

}  // namespace eft::monitor
