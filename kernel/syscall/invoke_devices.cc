// Invocations of Irq and IoPorts.
#include <object/irq.h>
#include <syscall/invoke.h>

#include <arch/interrupts.h>
#include <arch/ports.h>

namespace eft::kernel {
namespace {

// The interrupt that is named, within the capability's range.
Result<u32> named_irq(IrqCap irq, u64 number) {
    if (!irq->range.contains(number)) return Error::InvalidArgument;
    return static_cast<u32>(number);
}

Result<u32> named_line(IrqCap irq, u64 number) {
    if (number >= kIrqLines) return Error::InvalidArgument;
    return named_irq(irq, number);
}

Error bind(InvocationContext& context, IrqCap irq, const IrqBindArguments& arguments) {
    EFT_TRY(const u32 number, named_irq(irq, arguments.number));
    EFT_TRY(const NotificationCap notification, context.find<ObjectType::Notification>(arguments.notification));
    if (!notification.may(NotificationRight::Signal)) return Error::MissingRight;
    if (notification->badge == Badge::None) return Error::InvalidArgument;  // it would signal no bit
    context.core.kernel.irqs.bind(context.core, irq, number, notification);
    return Error::None;
}

Error acknowledge(InvocationContext&, IrqCap irq, const IrqArguments& arguments) {
    EFT_TRY(const u32 line, named_line(irq, arguments.number));
    arch::unmask_line(line);
    return Error::None;
}

Error set_mode(InvocationContext&, IrqCap irq, const IrqModeArguments& arguments) {
    EFT_TRY(const u32 line, named_line(irq, arguments.number));
    arch::set_line_mode(line, arguments.level != 0, arguments.active_low != 0);
    return Error::None;
}

Error message(InvocationContext& context, IrqCap irq, const IrqArguments& arguments) {
    EFT_TRY(const u32 number, named_irq(irq, arguments.number));
    if (number < kFirstMsi) return Error::InvalidArgument;
    context.answer(arch::message_address(), arch::message_data(number));
    return Error::None;
}

bool in_range(IoPortsCap ports, u64 port, u64 width) {
    return (width == 1 || width == 2 || width == 4) && ports->range.contains(port, width);
}

Error read_port(InvocationContext& context, IoPortsCap ports, const PortInArguments& arguments) {
    if (!in_range(ports, arguments.port, arguments.width)) return Error::InvalidArgument;
    context.answer(arch::port_in(static_cast<u16>(arguments.port), static_cast<unsigned>(arguments.width)));
    return Error::None;
}

Error write_port(InvocationContext&, IoPortsCap ports, const PortOutArguments& arguments) {
    if (!in_range(ports, arguments.port, arguments.width)) return Error::InvalidArgument;
    arch::port_out(static_cast<u16>(arguments.port), static_cast<unsigned>(arguments.width), static_cast<u32>(arguments.value));
    return Error::None;
}

constexpr Operation kIrq[] = {operation<bind>(kControl), operation<acknowledge>(kControl), operation<set_mode>(kControl), operation<message>(kControl)};
constexpr Operation kIoPorts[] = {operation<read_port>(kControl), operation<write_port>(kControl)};

}  // namespace

constinit const std::span<const Operation> kIrqOperations{kIrq};
constinit const std::span<const Operation> kIoPortsOperations{kIoPorts};

}  // namespace eft::kernel
