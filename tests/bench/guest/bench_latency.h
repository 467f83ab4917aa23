// irq.latency.*: how long interrupts wait for the kernel's long operations.
#pragma once

#include <eft/abi/types.h>

namespace bench {

using Report = void (*)(const char* key, eft::u64 value);

// Uses slots from `first_slot` on, and memory of `untyped`, of which 8 MiB must be free. What failed, or null.
const char* measure_latency(eft::Slot untyped, eft::Slot space, eft::Slot first_slot, Report report);

}  // namespace bench
