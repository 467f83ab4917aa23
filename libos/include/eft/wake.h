// The own notification: how a process that is no server sleeps until something happens. It stays under supervision
// meanwhile: its heartbeats are answered, and the order to stop ends it.
//
// For a program that waits for one thing. One that waits for several has a WakeLoop (wake_loop.h).
#pragma once

#include <eft/cap.h>

namespace eft {

// What others signal to wake this process, with these bits.
Result<CapHandle> make_wake(u64 wake_bits = 1);

// Sleeps until somebody has signalled since the last time; answers all bits.
u64 wait_for_wake();
// The same without sleeping; 0: nobody has.
u64 poll_wake();

}  // namespace eft
