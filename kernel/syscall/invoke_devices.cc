// Invocations of Irq and IoPorts.
#include <object/irq.h>
#include <syscall/invoke.h>

#include <arch/interrupts.h>
#include <arch/ports.h>

namespace eft::kernel {
namespace {

// The interrupt that the first argument names, within the capability's range.
Result<u32> named_irq(const InvocationContext& context) {
    if (!IrqCap(context.cap)->range.contains(context.argument(0))) return Error::InvalidArgument;
    return static_cast<u32>(context.argument(0));
}

Result<u32> named_line(const InvocationContext& context) {
    EFT_TRY(const u32 number, named_irq(context));
    if (number >= kIrqLines) return Error::InvalidArgument;
    return number;
}

Error bind(InvocationContext& context) {
    EFT_TRY(const u32 number, named_irq(context));
    EFT_TRY(const NotificationCap notification, context.find<ObjectType::Notification>(context.argument(1)));
    if (!notification.may(NotificationRight::Signal)) return Error::MissingRight;
    if (notification->badge == Badge::None) return Error::InvalidArgument;  // it would signal no bit
    context.core.kernel.irqs.bind(context.core, IrqCap(context.cap), number, notification);
    return Error::None;
}

Error acknowledge(InvocationContext& context) {
    EFT_TRY(const u32 line, named_line(context));
    arch::unmask_line(line);
    return Error::None;
}

Error set_mode(InvocationContext& context) {
    EFT_TRY(const u32 line, named_line(context));
    arch::set_line_mode(line, context.argument(1) != 0, context.argument(2) != 0);
    return Error::None;
}

Error message(InvocationContext& context) {
    EFT_TRY(const u32 number, named_irq(context));
    if (number < kFirstMsi) return Error::InvalidArgument;
    context.answer(arch::message_address(), arch::message_data(number));
    return Error::None;
}

bool names_port(const InvocationContext& context) {
    const u64 width = context.argument(1);
    return (width == 1 || width == 2 || width == 4) && IoPortsCap(context.cap)->range.contains(context.argument(0), width);
}

Error read_port(InvocationContext& context) {
    if (!names_port(context)) return Error::InvalidArgument;
    context.answer(arch::port_in(static_cast<u16>(context.argument(0)), static_cast<unsigned>(context.argument(1))));
    return Error::None;
}

Error write_port(InvocationContext& context) {
    if (!names_port(context)) return Error::InvalidArgument;
    arch::port_out(static_cast<u16>(context.argument(0)), static_cast<unsigned>(context.argument(1)), static_cast<u32>(context.argument(2)));
    return Error::None;
}

constexpr Operation kIrq[] = {{bind, kControl}, {acknowledge, kControl}, {set_mode, kControl}, {message, kControl}};
constexpr Operation kIoPorts[] = {{read_port, kControl}, {write_port, kControl}};

}  // namespace

constinit const std::span<const Operation> kIrqOperations{kIrq};
constinit const std::span<const Operation> kIoPortsOperations{kIoPorts};

}  // namespace eft::kernel
