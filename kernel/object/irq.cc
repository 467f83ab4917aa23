#include <object/irq.h>

#include <object/derivation.h>
#include <object/notification.h>

#include <arch/interrupts.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

constexpr int kUnbindWork = 300;  // instructions

void leave(IrqBinding& binding) {
    IrqBinding** at = &IrqCap(*binding.through)->bound;
    while (*at != &binding) at = &(*at)->next;
    *at = binding.next;
}

}  // namespace

void IrqTable::bind(Core& core, IrqCap irq, u32 number, NotificationCap notification) {
    IrqBinding& binding = bindings_[number];
    if (binding.through) leave(binding);
    binding.through = &irq.slot();
    binding.next = irq->bound;
    binding.number = number;
    irq->bound = &binding;
    if (!binding.notification.empty()) delete_capability(core, binding.notification);
    derive_capability(notification, binding.notification, kAllRights);
    if (number < kIrqLines) arch::unmask_line(number);
}

void IrqTable::raise(Core& core, u32 number) {
    Capability& slot = bindings_[number].notification;
    if (number < kIrqLines && (slot.empty() || arch::is_level(number))) arch::mask_line(number);
    if (slot.empty()) return;
    const NotificationCap to(slot);
    to.object().signal(core, raw(to->badge));
}

bool release_interrupts(Core& core, IrqCap irq) {
    irq.set_rights({});
    while (IrqBinding* binding = irq->bound) {
        irq->bound = binding->next;
        binding->through = nullptr;
        if (binding->number < kIrqLines) arch::mask_line(binding->number);
        if (!binding->notification.empty()) delete_capability(core, binding->notification);
        if (core.must_pause(kUnbindWork)) return !irq->bound;
    }
    return true;
}

void rename_interrupts(IrqCap from, Capability& to) {
    for (IrqBinding* binding = from->bound; binding; binding = binding->next) binding->through = &to;
}

}  // namespace eft::kernel
