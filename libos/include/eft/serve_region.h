// The program around a server with a state region: what each such main() would say again.
//
// run_server() (run_server.h) is the whole of it, for servers that derive from StatefulServer. Drivers with a state region
// of their own making have a device to start between its two halves:
//
//   auto& region = recovered_region<Server::Region>(kLayoutVersion);
//   ...                                                    // the device; what lies in the region is taken up
//   serve_region<timer::TimerService>(server, region, [](u64 bits) { ... });
//
// The Server has view(), its Sessions in the region, and close_ended(names) for clients that have ended.
#pragma once

#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/server.h>
#include <eft/state/region.h>
#include <eft/state/region_commit.h>
#include <eft/text.h>

namespace eft {

// What becomes of a state that cannot be used is the same everywhere: the server starts over, and says so.
inline void log_recovery(RecoveryOutcome outcome) {
    if (outcome == RecoveryOutcome::OtherLayout) log("the state is another version's: started over");
    if (outcome == RecoveryOutcome::Damaged) log("the state is damaged: started over");
}

// The memory of a state of this size. The program's file says the size, too, in an ELF note that is never loaded: who packs
// a boot archive compares it with the manifest (images/archive/state_check.h).
template <std::size_t Bytes>
std::span<std::byte> state_memory_of() {
    asm(".pushsection .note.eft.state, \"\", @note\n"
        ".long 4, 8, 1\n"
        ".asciz \"Eft\"\n"
        ".quad %c0\n"
        ".popsection"
        :
        : "i"(Bytes));
    if (const std::size_t given = state_memory().size(); given < Bytes) {
        FixedText<120> words("the state takes ");
        words.decimal(Bytes).append(" bytes, the manifest's state_bytes gives ").decimal(given);
        panic(words.c_str());
    }
    return state_memory();
}

// The state region of this service, as after the last request that was answered.
template <class Region>
Region& recovered_region(u32 layout_version) {
    static Region region(state_memory_of<Region::kBytes>(), layout_version);
    const RecoveryOutcome outcome = region.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) region.reset();
    log_recovery(outcome);
    return region;
}

// Serves until the end. `wake` is called with the bits of the notification that libos does not handle itself, when the
// sessions of clients that have ended are closed.
template <class Service, class Server, class Region, class Wake>
[[noreturn]] void serve_region(Server& server, Region& region, Wake wake) {
    RegionCommit<ReplyCommit, std::remove_reference_t<decltype(server.view())>> commit(region.log(), server.view());
    names::NamesClient<> broker{CapHandle(slot(WellKnown::Names))};

    ServerLoop loop(&commit);
    loop.run(
        [&](ipc::Context& context, ipc::IncomingMessage& message) __attribute__((always_inline)) {
            return Service::dispatch(server, context, message);
        },
        [&](u64 bits) {
            if (bits & static_cast<u64>(WakeBit::Closed)) server.close_ended(broker);
            wake(bits);
        });
}

}  // namespace eft
