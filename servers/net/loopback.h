// Frames that the machine sends to itself: lwIP keeps them with the interface that has their address.
#pragma once

#include <eft/abi/types.h>

namespace eft::net {

u32 looped_frames();
// The oldest ones, so many. What they are answered waits: in this turn it may promise what is not recorded yet, so netif_poll(),
// which takes everything, is not for a server that can die.
void take_looped(u32 count);
// As if nobody had sent them.
void drop_looped();

}  // namespace eft::net
