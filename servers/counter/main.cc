// counter: a number that survives its server, and what each client has added to it. The smallest server with state: each
// Add is one transaction, which commits with its reply.
#include <eft/idl/counter.h>
#include <eft/run_server.h>

using namespace eft;

namespace {

struct State {
    u64 value = 0;
};

struct Server : StatefulServer<counter::Counter, State> {
    using StatefulServer::StatefulServer;

    Result<counter::Value> add(ipc::Context&, Session& session, const counter::Amount& amount) {
        EFT_TRY(State * state, edit_shared());
        EFT_TRY(counter::Client * client, session.edit());
        client->added += amount.amount;
        ++client->calls;
        state->value += amount.amount;
        EFT_CHECK(raise<Service::Changed>({.value = state->value, .amount = amount.amount}));
        return counter::Value{state->value};
    }
    Result<counter::Value> get(ipc::Context&, Session&, const Empty&) { return counter::Value{shared().value}; }
    Result<counter::Value> draw(ipc::Context& context, Session& session, const Empty&) { return add(context, session, {1}); }
    Result<counter::Client> mine(ipc::Context&, Session& session, const Empty&) { return *session; }
};

}  // namespace

int eft_main() { run_server<Server>(2); }
