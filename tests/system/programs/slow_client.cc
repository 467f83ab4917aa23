// A client of slow, by its argument:
//   patient   asks for answers that are late, again and again
//   liar      asks for answers in time, and says in its own page that they were late: whole lies, and half ones, which
//             name the time of a real call
#include "busy.h"

#include <eft/idl/slow.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/session.h>

using namespace eft;

namespace {

constexpr u32 kLate = 120, kInTime = 5;  // ms, around the 50 ms of the interface

void lie(slow::SlowClient<>& client) {
    const u64 before = sys::time_stamp();
    static_cast<void>(client.work({kInTime}));
    const u64 now = sys::time_stamp();
    const u32 label = slow::Slow::WorkMethod::kLabel;
    complain(client.transport().slot(), label, before, now);
    stay_busy(20);
    complain(client.transport().slot(), label, before, sys::time_stamp());
    complain(client.transport().slot(), label, 0, ~u64{0});
    complain(Slot{~0u}, label, 0, ~u64{0});
    complain(slot(WellKnown::Memory), label, 0, ~u64{0});
}

}  // namespace

int eft_main() {
    report_ready();
    auto session = connect("slow");
    if (!session.ok()) panic("no session with slow");
    slow::SlowClient<> client(std::move(*session));
    const bool liar = field_text(config().arguments) == "liar";
    for (u64 round = 0;; ++round) {
        if (liar) lie(client);
        else static_cast<void>(client.work({kLate}));
        if (round % 8 == 0) log(liar ? "lied" : "waited");
        stay_busy(30);
    }
}
