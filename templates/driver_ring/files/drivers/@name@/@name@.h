// The service of @name@: numbers that clients submit to their rings, one after another, on one device.
//
// A new incarnation finds its clients' rings attached, with the entries that nobody has answered in them; which of them the
// device computes is this incarnation's own knowledge.
#pragma once

#include <drivers/@name@/engine.h>

#include <eft/idl/@name@.h>
#include <eft/state/stateful_server.h>

namespace eft::@name@ {

constexpr u32 kLayoutVersion = 1;
constexpr u64 kInterruptBit = 1;
constexpr u32 kSessions = 8;

class Server : public StatefulServer<@Name@, NoSharedState, kSessions> {
public:
    Server(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, Engine& device)
        : StatefulServer(memory, layout_version, slots), device_(device) {}

    // The call of the ring.
    void factorial(ring::Pending<Product> pending, Session& session, const Number& request);

    // The device's interrupt, or that of a computation which nobody waits for any more.
    void woken(u64 bits);
    // After entries were taken, and after each interrupt.
    bool progress();

private:
    struct Job {
        ring::Pending<Product> pending;
        u32 place = 0;  // whose it is
        u32 number = 0;
    };
    // As many as all sessions together may have in progress, so there is always room for one more.
    static constexpr u32 kMostJobs = kSessions * @Name@::kInflight;

    Engine& device_;
    std::array<Job, kMostJobs> jobs_;
    u32 first_ = 0, count_ = 0;
    bool is_begun_ = false;  // the device computes the first job
};

}  // namespace eft::@name@
