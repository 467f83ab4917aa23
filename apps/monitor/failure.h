// What a person reads where a call of a service has failed.
#pragma once

#include "monitor/calls.h"
#include "monitor/supervisor.h"

#include <string>
#include <string_view>

namespace eft::monitor {

// What the error is, and what helps:
//   "service held (virtio_blk failed too often; service start virtio_blk starts it)": which service does not run, the one that
//   was called (by its name, or one that it provides) or one that it calls in turn. Only "service held" if all run by now.
//   "session closed (the prompt's requests have killed ext2 too often; service restart monitor starts the prompt again)": of
//   InvalidCapability, which no endpoint of the prompt's is but one that names has revoked.
Task<std::string> failure_text(Calls& calls, Supervisor& supervisor, std::string_view service, Error error);

}  // namespace eft::monitor
