// The service Ethernet over a network card: what clients submit to their rings, given to the card in turn.
//
//   clients' rings --poll_ring--> Operations (waiting -> begun) --receive, send--> card
//         ^------------complete------------------------------------<--next_ended----+
//
// Sessions, with their rings and areas over restarts, are StatefulServer's. A new incarnation finds nothing begun: the rings
// know which entries nobody has answered. The state region has the filters of the sessions, the counters, and the link as
// clients were told of it: a change while no driver ran is told when the next one runs.
//
// A buffer may wait for a frame for ever, so it must not hold up its client's end: the card is reset, and is given what is
// left. It is also reset when it breaks its rules or has not sent a frame within kSendWithinNs.
//
// Counters are committed at the end of the step that completed the frames. A death in between loses those of one step.
#pragma once

#include <drivers/ethernet/card.h>
#include <drivers/service/operations.h>

#include <eft/state/stateful_server.h>
#include <eft/work_watch.h>

namespace eft::ethernet {

constexpr u32 kLayoutVersion = 1;

struct CardState {
    ethernet::Counts counts;
    ethernet::Link link;  // as subscribers know it
};

class Server : public StatefulServer<Ethernet, CardState, kSessions> {
public:
    static constexpr u64 kSendWithinNs = 1'000'000'000;
    // The card that breaks its rules more often than this, in one incarnation, is broken: the driver ends.
    static constexpr u32 kMostViolations = 8;

    Server(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, Card& card)
        : StatefulServer(memory, layout_version, slots, true), card_(card) {}

    void resume();

    Result<Attached> attach(ipc::Context&, Session& session, Attach&& request);
    Status attached(Session& session, u32 index);
    void replacing(Session& session, u32 index);
    void detaching(Session& session, u32 index);
    Status set_filter(ipc::Context&, Session& session, const Filter& request);
    Result<ethernet::Link> link(ipc::Context&, Session&, const eft::Empty&) { return card_.link(); }
    Result<ethernet::Counts> counts(ipc::Context&, Session&, const eft::Empty&);
    void closed(Session& session);

    // Calls of the ring.
    void send(ring::Pending<eft::Empty> pending, Session& session, const Send& request);
    void receive(ring::Pending<Received> pending, Session& session, const Receive& request);

    // The notification's bits that are not libos'.
    void woken(u64 bits);
    void beat();
    // The card's interrupts tell of what has ended, if they did before, and what waits is begun.
    bool works();
    bool progress();

private:
    struct Buffer {
        Place place;
    };
    struct Frame {
        Place place;
        Treatment treatment;
    };
    static constexpr u32 kEntries = kSessions * Ethernet::kInflight;

    Error fault_of(const Send& request) const;
    void begin_waiting();
    template <class Entries, class Begin>
    void begin_each(Entries& entries, Begin begin);
    // So many.
    u32 take_ended();
    void end_receive(const Ended& ended);
    void end_send(const Ended& ended);
    bool is_held_up(u32 place);
    template <class Entries>
    void cancel_waiting(Entries& entries, u32 place);
    void start_over();
    void look_at_link();
    void keep_counts();
    Filter wanted();

    Card& card_;
    driver::Operations<Buffer, Received, kEntries> buffers_;
    driver::Operations<Frame, eft::Empty, kEntries> frames_;
    ethernet::Counts uncounted_;  // since the last commit
    u64 ended_ = 0;               // frames and buffers, since the start
    WorkWatch endings_;
    bool has_beat_ = false;       // in this turn, and no interrupt came
    bool has_interrupts_ = false;
    u32 violations_ = 0;
    bool has_many_ = false;  // have ended in this round
};

}  // namespace eft::ethernet
