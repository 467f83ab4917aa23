// The logic of @name@. No system call stands here, so that the same code runs under doctest on the host.
#pragma once

#include <eft/idl/@name@.h>
#include <eft/state/stateful_server.h>

namespace eft::@name@ {

// What all clients share; the interface's table Client is what each has. Change either, and count the version up: an
// incarnation with another version starts over.
struct State {
    u64 all = 0;
};
constexpr u32 kLayoutVersion = 1;

struct Server : StatefulServer<@Name@, State> {
    using StatefulServer::StatefulServer;

    // What a handler changes by edit() stays exactly if its answer arrives.
    Result<Sums> add(ipc::Context&, Session& session, const Amount& request) {
        EFT_TRY(Client * client, session.edit());
        EFT_TRY(State * state, edit_shared());
        client->sum += request.amount;
        state->all += request.amount;
        return Sums{client->sum, state->all};
    }
    Result<Sums> get(ipc::Context&, Session& session, const Empty&) { return Sums{session->sum, shared().all}; }
};

}  // namespace eft::@name@
