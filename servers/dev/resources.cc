// Sessions, interrupts and ports: see resources.h. What goes through mem is in physical_memory.cc.
#include <servers/dev/resources.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/text.h>

namespace eft::dev {
namespace {

Result<Slot> derived(Slot source, Rights rights, u64 data) {
    EFT_TRY(CapHandle copy, copy_capability(source, rights, data));
    return copy.release();
}

}  // namespace

Result<Slot> Resources::make_session(u64 badge) { return derived(slot(WellKnown::Endpoint), bits(EndpointRight::Send), badge); }
Result<Slot> Resources::make_interrupt(u32 number) { return derived(interrupts_, kAllRights, kernel_object::number_range(number, 1)); }
Result<Slot> Resources::make_ports(std::string_view device) {
    FixedText<kNameLength - 1> name("ports/");
    EFT_TRY(const Slot all, granted(name.append(device)));
    return copy(all);
}
Result<Slot> Resources::copy(Slot parent) { return derived(parent, kAllRights, 0); }

Result<Message> Resources::message(u32 interrupt) {
    EFT_TRY(const kernel_object::IrqMessage message, kernel_object::irq_message(interrupts_, interrupt));
    return Message{message.address, message.data};
}

Status Resources::set_line_mode(u32 line, bool level, bool active_low) {
    return kernel_object::set_irq_mode(interrupts_, line, level, active_low);
}

}  // namespace eft::dev
