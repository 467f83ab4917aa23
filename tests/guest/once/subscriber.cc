// Follows the counter's changes, and keeps the number of the last one that it has dealt with. Everybody adds one at a
// time, so event n says that the number is n.
#include "kept.h"

#include <eft/idl/counter.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/wake.h>

using namespace eft;

namespace {

void deal_with(once::Region<once::Seen>& kept, const counter::ChangedEvent& event) {
    const u64 number = event.number, missed = event.missed, value = event.value;
    once::change(kept, [&](once::Seen& seen) {
        if (number != seen.number + missed + 1 || value != number || event.amount != 1) ++seen.wrong;
        seen.number = number;
        seen.missed += missed;
        ++seen.events;
    });
}

}  // namespace

int eft_main() {
    auto& kept = once::kept_region<once::Seen>();
    counter::CounterClient<> client{CapHandle(*granted("counter"))};
    once::change(kept, [](once::Seen& seen) { ++seen.lives; });
    counter::CounterClient<>* counter = &client;
    for (;;) {
        auto wake = make_wake();
        if (!wake.ok()) panic("no notification");
        Subscription subscription;
        subscription.wake = *wake;
        if (counter->subscribe_changed(subscription).ok()) break;
    }
    report_ready();
    for (;;) {
        const auto event = client.next_changed({kept->number});
        if (event.error() == Error::ServiceFailed) continue;
        if (!event.ok()) panic("an event could not be fetched");
        if (event->number != 0) {
            deal_with(kept, *event);
            continue;
        }
        if (once::stopped()) once::signs().resting = 1;
        wait_for_wake();
    }
}
