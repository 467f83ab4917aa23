// The interface Counter as a server that waits: Get is answered at the next Add, and Mine's `calls` is how many Gets wait.
#include <eft/idl/counter.h>
#include <eft/run_server.h>
#include <eft/wait_list.h>

using namespace eft;

namespace {

struct State {
    u64 value = 0;
};

struct Server : StatefulServer<counter::Counter, State> {
    using StatefulServer::StatefulServer;

    Task<Result<counter::Value>> get(ipc::Context&, Session&, Empty) {
        struct Counted {
            u64& count;
            explicit Counted(u64& of) : count(of) { ++count; }
            ~Counted() { --count; }
        };
        const Counted counted(waiting_count_);
        Waiter waiter(waiting_);
        [[maybe_unused]] const Status woken = co_await waiter.woken;
        co_return counter::Value{shared().value};
    }
    Result<counter::Value> add(ipc::Context&, Session&, const counter::Amount& amount) {
        EFT_TRY(State * state, edit_shared());
        state->value += amount.amount;
        waiting_.wake_all({});
        return counter::Value{state->value};
    }
    Result<counter::Value> draw(ipc::Context& context, Session& session, const Empty&) { return add(context, session, {1}); }
    Result<counter::Client> mine(ipc::Context&, Session&, const Empty&) { return counter::Client{.added = 0, .calls = waiting_count_}; }

private:
    WaitList waiting_;
    u64 waiting_count_ = 0;
};

}  // namespace

int eft_main() { run_server<Server>(1); }
