// Wakes the other side of a ring by the notification that it gave.
#pragma once

#include <eft/cap.h>
#include <eft/syscall.h>

namespace eft::ring {

class KernelWake {
public:
    KernelWake() = default;
    explicit KernelWake(CapHandle notification) : notification_(std::move(notification)) {}
    void signal() { sys::signal(notification_.slot()); }
    Slot slot() const { return notification_.slot(); }

private:
    CapHandle notification_;
};

}  // namespace eft::ring
