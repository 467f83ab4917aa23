// Capabilities, interrupts and windows of the machine: see kernel_world.h.
#include <servers/dev/kernel_world.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/shared_memory.h>

namespace eft::dev {

namespace ko = kernel_object;

namespace {

// A range of interrupts or ports as one word of CapDerive.
constexpr u64 range(u32 first, u32 count) { return u64{count} << 32 | first; }

mem::Object lend(Slot object) {
    mem::Object request;
    request.object = ipc::CapField<ipc::kind::Memory>(object);
    return request;
}

}  // namespace

Status KernelWorld::open() {
    EFT_TRY(interrupts_, granted("irqs"));
    EFT_TRY(ports_, granted("ports"));
    return {};
}

Result<hw::Mmio> KernelWorld::map_registers(u64 address, u64 whole, u64 offset, u64 bytes) {
    const u64 first = page_down(offset), length = page_up(offset + bytes) - first;
    EFT_TRY(const u64 at, allocate_addresses(length));
    if (Status mapped = mapper_.map(at, address, length, first, whole); !mapped.ok()) {
        free_addresses(at, length);
        return mapped.error();
    }
    return hw::Mmio(reinterpret_cast<volatile void*>(at + (offset - first)), bytes);
}

void KernelWorld::unmap_registers(hw::Mmio& registers) {
    const u64 start = reinterpret_cast<u64>(registers.base());
    const u64 at = page_down(start), length = page_up(start + registers.length()) - at;
    mapper_.unmap(at, length);
    free_addresses(at, length);
}

Result<Slot> KernelWorld::window(u64 address, u64 bytes) {
    EFT_TRY(CapHandle object, mapper_.object(address, bytes));
    return object.release();
}

void KernelWorld::forget_window(u64 address, u64 bytes) {
    if (auto object = mapper_.object(address, bytes); object.ok()) mapper_.release(*object);
}

Result<Slot> KernelWorld::make_session(u64 badge) {
    EFT_TRY(CapHandle session, copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), badge));
    return session.release();
}

Result<Slot> KernelWorld::make_interrupt(u32 number) {
    EFT_TRY(CapHandle interrupt, copy_capability(interrupts_, kAllRights, range(number, 1)));
    return interrupt.release();
}

Result<Slot> KernelWorld::make_ports(u16 first, u16 count) {
    EFT_TRY(CapHandle ports, copy_capability(ports_, kAllRights, range(first, count)));
    return ports.release();
}

Result<Slot> KernelWorld::copy(Slot parent) {
    EFT_TRY(CapHandle copied, copy_capability(parent));
    return copied.release();
}

void KernelWorld::revoke(Slot parent) {
    static_cast<void>(ko::revoke(slot(WellKnown::Table), parent));
    drop_slot(parent);
}

Result<Message> KernelWorld::message(u32 number) {
    EFT_TRY(const ko::IrqMessage message, ko::irq_message(interrupts_, number));
    return Message{message.address, message.data};
}

Status KernelWorld::set_line_mode(u32 line, bool level, bool active_low) { return ko::set_irq_mode(interrupts_, line, level, active_low); }

Status KernelWorld::pin(Slot object) { return mapper_.control().pin(lend(object)).or_error().error(); }

void KernelWorld::unpin(Slot object) { static_cast<void>(mapper_.control().unpin(lend(object)).or_error()); }

Result<u32> KernelWorld::pages(Slot object, u32 first, std::span<u64> addresses) {
    mem::PageQuery query;
    query.object = ipc::CapField<ipc::kind::Memory>(object);
    query.first = first;
    EFT_TRY(const mem::PageAddresses answer, mapper_.control().physical(query).or_error());
    std::copy_n(answer.addresses.begin(), std::min(answer.addresses.size(), addresses.size()), addresses.begin());
    return answer.pages;
}

}  // namespace eft::dev
