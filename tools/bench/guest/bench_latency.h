// irq.latency.*: how long interrupts wait for the kernel's long operations.
#pragma once

#include <eft/abi/types.h>

namespace eft::bench {

// Uses slots from `first_slot` on, and memory of `untyped`, of which 8 MiB must be free.
void measure_latency(Slot untyped, Slot space, Slot first_slot);

}  // namespace eft::bench
