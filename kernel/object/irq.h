// Interrupts: each number is bound to at most one notification, whose badge's bits it signals.
#pragma once

#include <object/capability.h>

namespace eft::kernel {

class IrqTable {
public:
    Error bind(Core& core, u32 number, NotificationCap notification);
    // Nobody can use this range through that capability any more: a single number is unbound.
    void release(Core& core, NumberRange range);
    // The interrupt happened.
    void raise(Core& core, u32 number);

private:
    Capability notifications_[kIrqs];
};

}  // namespace eft::kernel
