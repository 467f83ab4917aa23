// An event of a service is two calls of its client, which the session answers by itself:
//
//   Changed (Empty):Change (ordinal:"5", event:"16")
//     NextChanged      (AfterEvent):ChangedEvent    ordinal 5
//     SubscribeChanged (Subscription):Subscribed    ordinal 5 with the top bit
//
// ChangedEvent is a table of idlc's own: number, missed, then the fields of Change. So both are laid out, checked and
// emitted like every other call.
#pragma once

#include "model.h"

namespace idlc {

constexpr unsigned kSubscribeBit = 0x8000;  // ordinals of a service with events lie below it

// After the checks.
void expand_events(Schema& schema);

}  // namespace idlc
