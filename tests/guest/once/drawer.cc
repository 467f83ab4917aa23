// Draws tickets of the counter, each by a `once` call whose number it has written down before, and its answer behind it.
// After a death it repeats the call that was under way, with the same number.
#include "kept.h"

#include <eft/idl/counter.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/syscall.h>

using namespace eft;

int eft_main() {
    auto& kept = once::kept_region<once::Drawn>();
    counter::CounterClient<> client{CapHandle(*granted("counter"))};
    report_ready();
    if (kept->pending) once::change(kept, [](once::Drawn& drawn) { ++drawn.repeated; });
    while (kept->pending || !once::stopped()) {
        if (!kept->pending) {
            once::change(kept, [](once::Drawn& drawn) {
                ++drawn.number;
                drawn.pending = 1;
            });
        }
        client.set_sequence(static_cast<u16>(kept->number - 1));
        const auto ticket = client.draw();
        if (ticket.error() == Error::ServiceFailed) continue;  // died under it twice: nothing has happened
        once::change(kept, [&](once::Drawn& drawn) {
            drawn.pending = 0;
            if (!ticket.ok() || ticket->value <= drawn.last) ++drawn.wrong;
            if (!ticket.ok()) return;
            drawn.last = ticket->value;
            ++drawn.acknowledged;
        });
    }
    once::signs().resting = 1;
    for (;;) {
        sys::Registers registers;
        static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
    }
}
