// Draws the counter's tickets in a session that names keeps for it, and follows the counter's changes. It is killed all
// the time: what it has done, and what it was about to do, lies in its own state region. Somebody else who adds kStop to
// the number ends it: then it says what it has seen.
#include "../../guest/once/kept.h"

#include <eft/idl/counter.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/session.h>
#include <eft/text.h>
#include <eft/wake.h>

using namespace eft;

namespace {

constexpr u64 kStop = 1'000'000'000'000;

struct Kept {
    u64 badge = 0;    // of the session
    u64 lives = 0;
    u64 number = 0;   // of the last call that was begun
    u64 pending = 0;  // 1: its answer is not kept yet
    u64 acknowledged = 0, last = 0, repeated = 0;
    u64 stopped = 0;
    u64 event = 0, events = 0, missed = 0;
    u64 wrong = 0;
};
using Memory = once::Region<Kept>;

// Sequence numbers have 16 bits, and 0 is none.
u16 before(u64 number) { return static_cast<u16>(number % 0xffff); }

void draw(Memory& kept, counter::CounterClient<>& client) {
    if (!kept->pending) once::change(kept, [](Kept& mine) { ++mine.number, mine.pending = 1; });
    client.set_sequence(before(kept->number));
    const auto ticket = client.draw();
    if (ticket.error() == Error::ServiceFailed) return;  // died under it twice: nothing has happened
    once::change(kept, [&](Kept& mine) {
        mine.pending = 0;
        ++mine.acknowledged;
        const u64 value = ticket.ok() ? ticket->value % kStop : 0;
        if (value <= mine.last) ++mine.wrong;
        else mine.last = value;
        mine.stopped = ticket.ok() && ticket->value > kStop;
    });
}

void follow(Memory& kept, counter::CounterClient<>& client) {
    const auto event = client.next_changed({kept->event});
    if (!event.ok() || event->number == 0) return;
    const u64 number = event->number, missed = event->missed, value = event->value;
    once::change(kept, [&](Kept& mine) {
        const u64 expected = value < kStop ? number : number - 1;  // the stop is an event, and no ticket
        if (number != mine.event + missed + 1 || value % kStop != expected) ++mine.wrong;
        mine.event = number;
        mine.missed += missed;
        ++mine.events;
    });
}

}  // namespace

int eft_main() {
    auto& kept = once::kept_region<Kept>();
    auto session = connect_kept("counter");
    if (!session.ok()) panic("no session with the counter");
    once::change(kept, [&](Kept& mine) {
        if (mine.lives++ == 0) mine.badge = session->badge;
        if (mine.badge != session->badge) ++mine.wrong;
        mine.repeated += mine.pending;
    });
    counter::CounterClient<> client(std::move(session->session));
    auto wake = make_wake();
    if (!wake.ok()) panic("no notification");
    Subscription subscription;
    subscription.wake = *wake;
    if (!client.subscribe_changed(subscription).ok()) panic("no subscription");
    report_ready();
    while (kept->pending || !kept->stopped) {
        draw(kept, client);
        follow(kept, client);
    }
    while (kept->event < kept->last + 1) follow(kept, client);
    FixedText<200> line;
    line.append("drawn ").decimal(kept->acknowledged).append(", last ").decimal(kept->last).append(", lives ").decimal(kept->lives);
    line.append(", repeated ").decimal(kept->repeated).append(", events ").decimal(kept->events).append(", missed ").decimal(kept->missed);
    log(line.append(", wrong ").decimal(kept->wrong));
    for (;;) wait_for_wake();
}
