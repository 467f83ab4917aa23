// The service of @name@: jobs of clients, one after another, on one device.
//
// The jobs lie in the state region; which of them the device computes is this incarnation's own knowledge.
#pragma once

#include <drivers/@name@/engine.h>

#include <eft/idl/@name@.h>
#include <eft/state/stateful_server.h>
#include <eft/task.h>

namespace eft::@name@ {

constexpr u32 kLayoutVersion = 1;
constexpr u64 kInterruptBit = 1;

class Server : public StatefulServer<@Name@> {
public:
    Server(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, Engine& device)
        : StatefulServer(memory, layout_version, slots), device_(device) {}

    // Before the first request: goes on where the incarnation before was.
    void resume() { begin_next(); }

    Status start(ipc::Context&, Session& session, const Number& request);
    Task<Result<Product>> wait(ipc::Context&, Session& session, Empty);

    // The device's interrupt, or that of a computation which nobody waits for any more.
    void woken(u64 bits);

private:
    void finish(Session& session);
    void begin_next();

    Engine& device_;
    // What the device computes, and for whom; None: nothing, or what an earlier incarnation asked for.
    Badge client_ = Badge::None;
    u32 number_ = 0;
    std::array<std::optional<Completion<bool>>, kSessions> done_;
};

}  // namespace eft::@name@
