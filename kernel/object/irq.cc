#include <object/irq.h>

#include <object/derivation.h>
#include <object/notification.h>

#include <arch/interrupts.h>
#include <schedule/core.h>

namespace eft::kernel {

Error IrqTable::bind(Core& core, u32 number, NotificationCap notification) {
    Capability& slot = notifications_[number];
    if (!slot.empty()) delete_capability(core, slot);
    derive_capability(notification, slot, kAllRights);
    if (number < kIrqLines) arch::unmask_line(number);
    return Error::None;
}

void IrqTable::release(Core& core, NumberRange range) {
    if (range.count != 1 || range.first >= kIrqs) return;
    if (range.first < kIrqLines) arch::mask_line(range.first);
    if (Capability& slot = notifications_[range.first]; !slot.empty()) delete_capability(core, slot);
}

void IrqTable::raise(Core& core, u32 number) {
    Capability& slot = notifications_[number];
    if (number < kIrqLines && (slot.empty() || arch::is_level(number))) arch::mask_line(number);
    if (slot.empty()) return;
    const NotificationCap to(slot);
    to.object().signal(core, raw(to->badge));
}

}  // namespace eft::kernel
