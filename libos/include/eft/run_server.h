// main() of a server whose state survives it (state/stateful_server.h):
//
//   int eft_main() { run_server<Server>(kLayoutVersion); }
//
// Takes up the state region and what clients have attached, ends sessions of clients that have ended, and serves calls and
// rings. A server may have these members, and those that StatefulServer::serve_rings() names:
//   void resume()           before the first request, when all that has been taken up
//   void woken(u64 bits)    its notification was signalled; the bits that are its own, perhaps none
//   void beat()             every `heartbeat_ms` of the manifest: what should have happened meanwhile?
//   bool works()            before each heartbeat is answered: false if something waits for this server, in a device too, and nothing
//                           has been done since the last one. Two that are not answered end the incarnation
//   static bool migrate(u32 version, std::span<const std::byte> old, Shared& shared)
//                           an update has replaced a program of another layout, whose state is taken over (AnyStateRegion::take_over):
//                           the fields that both have are there. False: it cannot be
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/server.h>
#include <eft/shared_memory.h>
#include <eft/state/region_commit.h>
#include <eft/state/stateful_server.h>
#include <eft/state_memory.h>

namespace eft {

// What another version of this program has left; empty: there was none.
inline SharedMemory old_state() {
    if (config().old_state_bytes == 0) return {};
    auto old = SharedMemory::borrow(slot(WellKnown::OldState), config().old_state_bytes);
    if (!old.ok()) panic("the state that this program shall take over cannot be mapped");
    return std::move(*old);
}

template <class Server>
constexpr AnyStateRegion::Migrate migration_of() {
    using Shared = typename Server::SharedState;
    if constexpr (requires(std::span<const std::byte> old, Shared& shared) { Server::migrate(u32{}, old, shared); })
        return [](u32 version, std::span<const std::byte> old, std::byte* shared) {
            return Server::migrate(version, old, *std::launder(reinterpret_cast<Shared*>(shared)));
        };
    return nullptr;
}

// `more` goes to the Server, behind what each one gets: a driver's device.
template <class Server, class... More>
[[noreturn]] void run_server(u32 layout_version, More&... more) {
    if (Server::kSlots > SessionSlots::count()) panic_for_slots(Server::kSlots);
    if constexpr (Server::Service::Attachment::kHasRing) persistent_head().rings = Server::kRingSlots;
    static EFT_PROCESS_LOCAL SessionSlots slots;
    static EFT_PROCESS_LOCAL Server server(state_memory_of<Server::Region::kBytes>(), layout_version, slots, more...);
    {
        const SharedMemory old = old_state();
        log_recovery(server.recover(incarnation().replies_delivered, old.bytes(), migration_of<Server>(), config().on_trial != 0));
    }
    const auto look_again = [] {
        static EFT_PROCESS_LOCAL const Result<CapHandle> self = make_wake(static_cast<u64>(WakeBit::Rings));
        if (!self.ok()) panic("no slot for the own wake-up");
        sys::signal(self->slot());
    };
    const auto serve_rings = [&] {
        if (!server.serve_rings(server)) look_again();  // others are heard in between
    };
    if constexpr (Server::Service::Attachment::kCount != 0) server.recover_attachments(server, config().last_end_ordered != 0);
    if constexpr (requires { server.resume(); }) {
        server.resume();
        server.commit_step();
    }
    if constexpr (Server::Service::Attachment::kCount != 0) serve_rings();

    RegionCommit commit(server.region().log(), server.view());
    ServerLoop loop(&commit);
    if constexpr (Server::Service::Attachment::kHasRing || requires { server.beat(); }) loop.pass_heartbeats();
    loop.judge_heartbeats(
        [](void* object) {
            Server& judged = *static_cast<Server*>(object);
            bool works = true;
            if constexpr (Server::Service::Attachment::kHasRing) works = !judged.has_late_entries(sys::time_stamp());
            if constexpr (requires { { judged.works() } -> std::same_as<bool>; }) works &= judged.works();
            return works;
        },
        &server);
    loop.run(
        [&](ipc::Context& context, ipc::IncomingMessage& message) __attribute__((always_inline)) {
            const ipc::Outcome outcome = Server::Service::dispatch(server, context, message);
            if constexpr (Server::Service::Attachment::kCount != 0)
                if (server.wants_look()) [[unlikely]]
                    look_again();
            return outcome;
        },
        [&](u64 bits) {
            if (bits & static_cast<u64>(WakeBit::Closed)) server.close_ended(server);
            if constexpr (requires { server.beat(); })
                if (bits & static_cast<u64>(WakeBit::Heartbeat)) server.beat();
            constexpr u64 kLibos = static_cast<u64>(WakeBit::Closed) | static_cast<u64>(WakeBit::Rings) | static_cast<u64>(WakeBit::Heartbeat);
            if constexpr (requires { server.woken(bits); }) server.woken(bits & ~kLibos);
            server.commit_step();
            serve_rings();
        });
}

}  // namespace eft
