// The capabilities that sessions consist of.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

namespace eft::broker {

// A capability to the endpoint that can only send, with this badge. LimitReached: no slot is free.
Result<Slot> make_session(Slot endpoint, u64 badge);
// Takes back what was derived from it; it stays.
void revoke_copies(Slot session);
// Takes back what was derived from it and deletes it.
void revoke_session(Slot session);
void signal(Slot notification);

}  // namespace eft::broker
