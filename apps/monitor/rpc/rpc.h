// What the parts of the command `rpc` share.
#pragma once

#include "monitor/rpc/endpoints.h"
#include "monitor/shell.h"

namespace eft::monitor {

struct Rpc {
    Rpc(Calls& calls, const Catalogue& known, const manifest::Manifest& manifest, Supervisor& rs)
        : catalogue(known), endpoints(calls, catalogue, manifest), supervisor(rs) {}
    // What a call of this service was answered, in words.
    Task<std::string> error_text(const descriptor::Method& method, std::string_view service, Error error);

    Catalogue catalogue;
    Endpoints endpoints;
    Supervisor& supervisor;
};

// Why a service cannot be called.
Task<std::string> open_failure(Rpc& rpc, std::string_view name, Error error);

// The program that provides it: of several drivers the one that runs on this machine, or else the first.
Task<std::string> running_provider(Rpc& rpc, const EndpointName& service);

// The events that an endpoint has.
std::vector<std::string> event_names(const Endpoint& endpoint);
// Prints each event until `count` are there (0: without end), and what becomes of the service meanwhile. The session is one
// of its own, where there can be more than one: its queue begins empty, and ends with the task.
Task<int> watch_event(Shell& shell, Rpc& rpc, const Arguments& given, std::string event, u64 count);

}  // namespace eft::monitor
