// main() of a server whose state survives it (state/stateful_server.h):
//
//   int eft_main() { run_server<Server>(kLayoutVersion); }
//
// Takes up the state region, ends sessions of clients that have ended, and serves. A server may have these members:
//   void resume()           before the first request, when the region has been taken up
//   void woken(u64 bits)    the bits of its notification that are its own
#pragma once

#include <eft/kernel_slots.h>
#include <eft/serve_region.h>
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

// `more` goes to the Server, behind what each one gets: a driver's device.
template <class Server, class... More>
[[noreturn]] void run_server(u32 layout_version, More&... more) {
    static_assert(Server::kSlots <= KernelSlots::kCount, "too many sessions for so many events");
    static KernelSessionSlots slots;
    static Server server(state_memory_of<Server::Region::kBytes>(), layout_version, slots, more...);
    log_recovery(server.recover(incarnation().replies_delivered));
    if constexpr (requires { server.resume(); }) {
        server.resume();
        server.commit_step();
    }
    serve_region<typename Server::Service>(server, server.region(), [](u64 bits) {
        if constexpr (requires { server.woken(bits); }) server.woken(bits);
        server.commit_step();
    });
}

}  // namespace eft
