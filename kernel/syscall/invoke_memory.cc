// Invocations of AddressSpace, Frame, Irq and IoPorts.
#include <object/address_space.h>
#include <object/frame.h>
#include <object/irq.h>
#include <syscall/invoke.h>

#include <arch/interrupts.h>
#include <arch/ports.h>

namespace eft::kernel {
namespace {

Error map(InvocationContext& context, AddressSpace& space) {
    EFT_TRY(Capability * frame, context.find(context.argument[0], ObjectType::Frame));
    const u64 how = context.argument[2];
    if (how >> 16) return Error::InvalidArgument;
    return space.map(*frame, context.argument[1], static_cast<Rights>(how), static_cast<u8>(how >> 8));
}

Error unmap(InvocationContext& context, AddressSpace& space) {
    EFT_TRY(Capability * frame, context.find(context.argument[0], ObjectType::Frame));
    return frame->space == &space ? space.unmap(*frame) : Error::NotMapped;
}

Error donate(InvocationContext& context, AddressSpace& space) {
    EFT_TRY(Capability * table, context.find(context.argument[0], ObjectType::PageTable));
    return space.donate(*table);
}

Error irq_message(InvocationContext& context, u32 number) {
    if (number < kFirstMsi) return Error::InvalidArgument;
    context.answer(arch::message_address(), arch::message_data(number));
    return Error::None;
}

Error irq_bind(InvocationContext& context, u32 number) {
    EFT_TRY(Capability * notification, context.find(context.argument[1], ObjectType::Notification));
    if (!notification->may(NotificationRight::Signal)) return Error::MissingRight;
    if (notification->data == 0) return Error::InvalidArgument;  // it would signal no bit
    return context.core.irqs.bind(context.core, number, *notification);
}

Error irq_line(InvocationContext& context, Invocation operation, u32 number) {
    if (number >= kIrqLines) return Error::InvalidArgument;
    if (operation == Invocation::IrqAck) {
        arch::unmask_line(number);
    } else {
        arch::set_line_mode(number, context.argument[1] != 0, context.argument[2] != 0);
    }
    return Error::None;
}

}  // namespace

Error invoke_address_space(InvocationContext& context, Invocation operation) {
    AddressSpace& space = context.cap.as<AddressSpace>();
    const bool inspects = operation == Invocation::SpaceInspect;
    if (!context.cap.may(ControlRight::Control) && !(inspects && context.cap.may(ControlRight::Inspect))) return Error::MissingRight;
    switch (operation) {
        case Invocation::SpaceMap: return map(context, space);
        case Invocation::SpaceUnmap: return unmap(context, space);
        case Invocation::SpaceDonate: return donate(context, space);
        case Invocation::SpaceInspect: {
            const AddressSpace::Usage usage = space.usage();
            context.answer(usage.mapped_pages, usage.spare_tables, usage.used_tables, usage.attached);
            return Error::None;
        }
        default: return Error::InvalidOperation;
    }
}

Error invoke_frame(InvocationContext& context, Invocation operation) {
    return operation == Invocation::FrameSeal ? seal_frame(context.cap) : Error::InvalidOperation;
}

Error invoke_irq(InvocationContext& context, Invocation operation) {
    if (!context.cap.may(ControlRight::Control)) return Error::MissingRight;
    if (!NumberRange::of(context.cap).contains(context.argument[0])) return Error::InvalidArgument;
    const u32 number = static_cast<u32>(context.argument[0]);
    switch (operation) {
        case Invocation::IrqBind: return irq_bind(context, number);
        case Invocation::IrqAck:
        case Invocation::IrqMode: return irq_line(context, operation, number);
        case Invocation::IrqMessage: return irq_message(context, number);
        default: return Error::InvalidOperation;
    }
}

Error invoke_io_ports(InvocationContext& context, Invocation operation) {
    if (!context.cap.may(ControlRight::Control)) return Error::MissingRight;
    const u64 port = context.argument[0];
    const u64 width = context.argument[1];
    if (width != 1 && width != 2 && width != 4) return Error::InvalidArgument;
    if (!NumberRange::of(context.cap).contains(port, width)) return Error::InvalidArgument;
    switch (operation) {
        case Invocation::PortIn:
            context.answer(arch::port_in(static_cast<u16>(port), static_cast<unsigned>(width)));
            return Error::None;
        case Invocation::PortOut:
            arch::port_out(static_cast<u16>(port), static_cast<unsigned>(width), static_cast<u32>(context.argument[2]));
            return Error::None;
        default: return Error::InvalidOperation;
    }
}

}  // namespace eft::kernel
