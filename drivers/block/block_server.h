// The service Block over a device: what clients submit to their rings, given to the device in turn.
//
//   client's ring --poll_ring--> Operations (waiting -> begun) --begin--> device
//         ^------------complete------------------------------<--next_ended---+
//
// Sessions, with their rings and areas over restarts, are StatefulServer's. A new incarnation finds nothing begun: the rings
// know which entries nobody has answered. No handler changes state, so the state region holds nothing but the sessions.
//
// A device that ends an operation without an interrupt is noticed with the next heartbeat. One that does not end it within
// what the interface allows is reset; the operation is answered TimedOut, and what else was begun is begun again.
#pragma once

#include <drivers/block/backend.h>
#include <drivers/service/operations.h>

#include <eft/idl/block.h>
#include <eft/state/stateful_server.h>

namespace eft::block {

constexpr u32 kLayoutVersion = 2;

class Server : public StatefulServer<Block, NoSharedState, kSessions> {
public:
    Server(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, Backend& backend)
        : StatefulServer(memory, layout_version, slots, backend.device_moves_data()), backend_(backend) {}

    Result<Attached> attach(ipc::Context&, Session& session, Attach&& request);
    Status attached(Session& session, u32 index);
    void detaching(Session& session, u32 index);

    // Calls of the ring.
    void read(ring::Pending<Done> pending, Session& session, const Read& request);
    void write(ring::Pending<Done> pending, Session& session, const Write& request);
    void flush(ring::Pending<eft::Empty> pending, Session& session, const eft::Empty&);

    // The notification's bits that are not libos'.
    void woken(u64 bits) { backend_.woken(bits); }
    void beat();
    bool progress();

private:
    void accept(ring::Pending<Done> pending, const Operation& operation);
    void begin_waiting();
    void take_ended();
    void end_overdue();
    bool any_overdue();

    Backend& backend_;
    // A Flush, too: its answer has no words.
    driver::Operations<Operation, Done, kSessions * Block::kInflight> operations_;
};

}  // namespace eft::block
