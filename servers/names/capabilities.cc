#include "capabilities.h"

#include <eft/cap.h>
#include <eft/invoke.h>

namespace eft::broker {

Result<Slot> make_session(Slot endpoint, u64 badge) {
    EFT_TRY(CapHandle made, copy_capability(endpoint, bits(EndpointRight::Send), badge));
    return made.release();
}

// An error means that there is nothing left to take back.
void revoke_copies(Slot session) { static_cast<void>(kernel_object::revoke(slot(WellKnown::Table), session)); }

void revoke_session(Slot session) {
    revoke_copies(session);
    drop_slot(session);
}

void signal(Slot notification) { static_cast<void>(sys::signal(notification)); }

}  // namespace eft::broker
