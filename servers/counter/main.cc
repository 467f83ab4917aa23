// counter: a number that survives its server. The smallest service with a state region: each Add is
// one transaction, which commits with its reply.
#include <eft/idl/counter.h>
#include <eft/panic.h>
#include <eft/server.h>
#include <eft/state/no_sessions.h>
#include <eft/state/region.h>
#include <eft/state/region_commit.h>

using namespace eft;

namespace {

struct State {
    u64 value = 0;
};
constexpr u32 kLayoutVersion = 1;
using Region = StateRegion<State>;

struct Server {
    Region& region;

    Result<counter::Value> add(ipc::Context&, const counter::Amount& amount) {
        auto transaction = region.begin();
        const u64 sum = region->value + amount.amount;
        EFT_CHECK(transaction.write(region->value, sum));
        EFT_CHECK(transaction.commit_with_reply());
        return counter::Value{sum};
    }
    Result<counter::Value> get(ipc::Context&, const Empty&) { return counter::Value{region->value}; }
};
static_assert(counter::CounterServer<Server>);

}  // namespace

int eft_main() {
    if (state_memory().size() < Region::kBytes) panic("counter needs a state region");
    Region region(state_memory(), kLayoutVersion);
    const RecoveryOutcome outcome = region.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) panic("the counter's state is damaged");

    Server server{region};
    NoSessions no_sessions;
    RegionCommit<ReplyCommit, NoSessions> commit(region.log(), no_sessions);
    ServerLoop loop(&commit);
    loop.run([&](ipc::Context& context, ipc::IncomingMessage& message) { return counter::Counter::dispatch(server, context, message); });
}
