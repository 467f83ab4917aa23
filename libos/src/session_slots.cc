#include <eft/session_slots.h>

#include <eft/cap.h>
#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/process.h>
#include <eft/shared_memory.h>
#include <eft/syscall.h>

namespace eft {

u32 SessionSlots::count() { return config().table.persistent_slots; }

Slot SessionSlots::at(u32 index) const { return static_cast<Slot>(raw(slot(WellKnown::FirstPersistent)) + index); }

Status SessionSlots::keep(u32 index, Slot received) {
    remove(index);
    EFT_CHECK(kernel_object::move(slot(WellKnown::Table), at(index), received));
    return_slot(received);
    return {};
}

void SessionSlots::remove(u32 index, u32 count) { static_cast<void>(kernel_object::remove(slot(WellKnown::Table), at(index), count)); }

void SessionSlots::signal(u32 index) { sys::signal(at(index)); }

bool SessionSlots::holds_anything(u32 index) const {
    const auto found = kernel_object::inspect(slot(WellKnown::Table), at(index));
    return found.ok() && found->type != ObjectType::None;
}

void SessionSlots::end_ring(u32 index, ring::ConsumerState why) const {
    if (!holds_anything(index)) return;
    if (const auto memory = SharedMemory::borrow(at(index), kPageSize); memory.ok()) ring::Memory::set_consumer_state(memory->bytes(), why);
}

}  // namespace eft
