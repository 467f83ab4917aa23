#include <eft/wake.h>

#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {
namespace {

// As a server does in its loop.
u64 supervised(u64 woken) {
    if (woken & static_cast<u64>(WakeBit::Heartbeat)) persistent_head().heartbeats = persistent_head().heartbeats + 1;
    if (woken & static_cast<u64>(WakeBit::Stop)) exit(0);
    return woken;
}

}  // namespace

Result<CapHandle> make_wake(u64 wake_bits) {
    return copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), wake_bits);
}

u64 wait_for_wake() {
    sys::Registers registers;
    while (sys::recv(slot(WellKnown::Notification), registers) != Error::None) {
    }
    return supervised(registers.badge);
}

u64 poll_wake() {
    sys::Registers registers;
    return sys::poll_recv(slot(WellKnown::Notification), registers) == Error::None ? supervised(registers.badge) : 0;
}

}  // namespace eft
