// The program around a block driver: region, platform, loop. A driver's main() makes its backend and calls run().
#pragma once

#include <drivers/block/block_server.h>

#include <eft/kernel_slots.h>
#include <eft/serve_region.h>
#include <eft/shared_memory.h>
#include <eft/text.h>

namespace eft::block {

class KernelPlatform : public KernelSlots {
public:
    using Mapping = SharedMemory;

    bool last_end_ordered() const { return config().last_end_ordered != 0; }
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
template <class OnWake>
[[noreturn]] void run(Backend& backend, OnWake on_wake) {
    using Server = BlockService<KernelPlatform>;
    auto& region = recovered_region<typename Server::Region>(kLayoutVersion);
    static KernelPlatform platform;
    static Server server(region, platform, backend);
    if (!server.restore().ok()) panic("the sessions cannot be restored");
    server.serve_rings();
    serve_region<Block>(server, region, [&](u64 bits) {
        on_wake(bits);
        server.serve_rings();
    });
}

}  // namespace eft::block
