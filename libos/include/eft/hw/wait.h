// Waiting for a device, always with an end.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

namespace eft::hw {

// The patience of a wait: how often the device is looked at again. A driver that waits longer than a device takes on any
// machine has found a broken one, and says so instead of hanging.
struct Looks {
    u32 left;
};

// TimedOut: the condition was not true at any look; the last one comes after all others.
template <class Condition>
Status wait_until(Condition condition, Looks looks) {
    while (!condition()) {
        if (looks.left-- == 0) return condition() ? Status() : Status(Error::TimedOut);
    }
    return {};
}

}  // namespace eft::hw
