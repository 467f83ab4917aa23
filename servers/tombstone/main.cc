// Stands on the persistent part of a service that is held or stopped, and tells its clients so: it answers calls, and
// signals the notifications that clients have left with the service, so that who waits for a ring, an event or a timer asks.
// The manifest's `canary` is the same program: it shows by its heartbeats that the processor gets down to the lowest priority.
#include <eft/invoke.h>
#include <eft/server.h>
#include <eft/session_slots.h>

using namespace eft;

namespace {

void wake_clients() {
    SessionSlots kept;
    for (u32 index = 0; index < SessionSlots::count(); ++index) {
        const auto found = kernel_object::inspect(slot(WellKnown::Table), kept.at(index));
        if (found.ok() && found->type == ObjectType::Notification) kept.signal(index);
    }
}

}  // namespace

int eft_main() {
    wake_clients();
    ServerLoop loop;
    // rs and clients that submit to a ring remind it: a client that was signalled for something else as well may not have asked.
    loop.run([](ipc::Context&, ipc::IncomingMessage& message) { return message.refuse(Error::ServiceHeld); },
             [](u64 bits) {
                 if (bits & static_cast<u64>(WakeBit::Rings)) wake_clients();
             });
}
