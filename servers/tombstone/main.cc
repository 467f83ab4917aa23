// Stands on the persistent part of a service that is held or stopped, and tells its clients so: it answers calls, says so in
// their rings, and signals the notifications that they have left with the service, so that who waits for a ring, an event or
// a timer asks.
// The manifest's `canary` is the same program: it shows by its heartbeats that the processor gets down to the lowest priority.
#include <eft/invoke.h>
#include <eft/server.h>
#include <eft/session_slots.h>

using namespace eft;

namespace {

void end_rings() {
    const SessionSlots kept;
    const RingSlots rings = persistent_head().rings;  // a copy: it is the service's word
    rings.for_each(SessionSlots::count(), [&](u32 index) { kept.end_ring(index, ring::ConsumerState::Held); });
}

void wake_clients() {
    SessionSlots kept;
    for (u32 index = 0; index < SessionSlots::count(); ++index) {
        const auto found = kernel_object::inspect(slot(WellKnown::Table), kept.at(index));
        if (found.ok() && found->type == ObjectType::Notification) kept.signal(index);
    }
}

}  // namespace

int eft_main() {
    end_rings();
    wake_clients();
    ServerLoop loop;
    // A client has submitted something to its ring all the same: it is signalled when that is there.
    loop.run([](ipc::Context&, ipc::IncomingMessage& message) { return message.refuse(Error::ServiceHeld); },
             [](u64 bits) {
                 if (bits & static_cast<u64>(WakeBit::Rings)) wake_clients();
             });
}
