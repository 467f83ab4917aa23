// main() of a server whose state survives it (state/stateful_server.h):
//
//   int eft_main() { run_server<Server>(kLayoutVersion); }
//
// Takes up the state region, ends sessions of clients that have ended, and serves. A server may have a member
// `void woken(u64 bits)` for the bits of its notification that are its own.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/kernel_slots.h>
#include <eft/panic.h>
#include <eft/server.h>
#include <eft/state/region_commit.h>
#include <eft/state/stateful_server.h>

namespace eft {

class KernelSessionSlots final : public SessionSlots {
public:
    Status keep(u32 index, Slot received) override { return slots_.keep(index, received); }
    void remove(u32 index) override { slots_.remove(index); }
    void signal(u32 index) override { slots_.signal(index); }

private:
    KernelSlots slots_;
};

template <class Server>
[[noreturn]] void run_server(u32 layout_version) {
    static_assert(Server::kSlots <= KernelSlots::kCount, "too many sessions for so many events");
    if (state_memory().size() < Server::Region::kBytes) panic("the manifest gives too little memory for the state");
    static KernelSessionSlots slots;
    static Server server(state_memory(), layout_version, slots);
    const RecoveryOutcome outcome = server.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout) log("the state is another version's: begun anew");
    if (outcome == RecoveryOutcome::Damaged) log("the state is damaged: begun anew");
    static RegionCommit<ReplyCommit, typename Server::View> commit(server.region().log(), server.view());
    static names::NamesClient<> broker{CapHandle(slot(WellKnown::Names))};

    ServerLoop loop(&commit);
    loop.run(
        [](ipc::Context& context, ipc::IncomingMessage& message) {
            const ipc::Outcome outcome_of_call = Server::Service::dispatch(server, context, message);
            if (outcome_of_call == ipc::Outcome::Deferred && server.in_transaction()) [[unlikely]]
                panic("a handler waits between a change and its answer");
            return outcome_of_call;
        },
        [](u64 bits) {
            if (bits & static_cast<u64>(WakeBit::Closed)) server.close_ended(broker);
            if constexpr (requires { server.woken(bits); }) server.woken(bits);
            server.commit_step();
        });
}

}  // namespace eft
