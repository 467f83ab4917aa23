// The program around a block driver: region, platform, loop. A driver's main() makes its backend and calls run().
#pragma once

#include <drivers/block/block_server.h>

#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/kernel_slots.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/server.h>
#include <eft/shared_memory.h>
#include <eft/state/region_commit.h>
#include <eft/text.h>

namespace eft::block {

class KernelPlatform : public KernelSlots {
public:
    using Mapping = SharedMemory;

    Result<Mapping> map(Slot object, u64 bytes) { return SharedMemory::borrow(object, bytes); }
    void wake_self(u64 wake_bits) {
        if (const auto wake = copy_capability(slot(WellKnown::SelfSignal), kAllRights, wake_bits); wake.ok()) sys::signal(wake->slot());
    }
    void report(std::string_view line) {
        FixedText<200> text(field_text(config().name));
        log(text.append(": ").append(line));
    }
};

// Serves the device until the end. `on_wake` sees the notification's bits before the rings are served.
template <Backend B, class OnWake>
[[noreturn]] void run(B& backend, OnWake on_wake) {
    using Server = BlockService<KernelPlatform, B>;
    using Region = typename Server::Region;
    if (state_memory().size() < Region::kBytes) panic("the state region is too small");
    static Region region(state_memory(), kLayoutVersion);
    const RecoveryOutcome outcome = region.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) region.reset();

    static KernelPlatform platform;
    static Server server(region, platform, backend);
    if (!server.restore().ok()) panic("the sessions cannot be restored");
    static RegionCommit<ReplyCommit, typename Server::Clients::View> commit(region.log(), server.view());
    static names::NamesClient<> broker{CapHandle(slot(WellKnown::Names))};
    server.serve_rings();

    ServerLoop loop(&commit);
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) { return Block::dispatch(server, context, message); },
             [&](u64 bits) {
                 on_wake(bits);
                 if (bits & static_cast<u64>(WakeBit::Closed)) server.close_ended(broker);
                 server.serve_rings();
             });
}

}  // namespace eft::block
