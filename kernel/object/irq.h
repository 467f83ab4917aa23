// Interrupts: each number is bound to at most one notification, whose badge's bits it signals, and through one
// capability, the one that IrqBind was invoked on. The binding ends with either. Copies of that capability have no part
// in it.
//
//   IrqCap --bound--> IrqBinding --next--> IrqBinding --next--> null     all that is bound through it
//     ^------through------'                  |
//                                            +-- notification: an inner slot, a child of the notification's capability
#pragma once

#include <object/capability.h>

namespace eft::kernel {

struct IrqBinding {
    Capability notification;  // empty: nobody hears of it
    Capability* through = nullptr;
    IrqBinding* next = nullptr;
    u32 number = 0;
};

class IrqTable {
public:
    void bind(Core& core, IrqCap irq, u32 number, NotificationCap notification);
    // The interrupt happened.
    void raise(Core& core, u32 number);

private:
    IrqBinding bindings_[kIrqs];
};

// The capability is being deleted: what is bound through it is unbound and masked, and it can be used no more. False: it
// paused.
bool release_interrupts(Core& core, IrqCap irq);
// The capability moves to another slot.
void rename_interrupts(IrqCap from, Capability& to);

}  // namespace eft::kernel
