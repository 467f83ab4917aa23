#include "effects.h"

#include <eft/cap.h>

namespace eft::processes::effects {

namespace ko = kernel_object;

Status require(Slot which, ObjectType type, Rights rights) {
    EFT_TRY(const auto info, ko::inspect(slot(WellKnown::Table), which));
    if (info.type != type) return Error::InvalidArgument;
    return (info.rights & rights) == rights ? Status() : Error::MissingRight;
}

Result<Slot> mint(Badge badge) {
    EFT_TRY(CapHandle copy, copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge)));
    return copy.release();
}
Status mint_into(Slot table, WellKnown index, Badge badge) {
    return ko::derive(table, slot(index), slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge));
}
Status derive_into(Slot table, WellKnown index, Slot source) { return ko::derive(table, slot(index), source); }
Status move_into(Slot table, WellKnown index, Slot source) {
    EFT_CHECK(ko::move(table, slot(index), source));
    return_slot(source);
    return {};
}
void clear(Slot table, Slot first, u32 count) { static_cast<void>(ko::remove(table, first, count)); }
Result<u32> table_slots(Slot table) {
    constexpr u64 kEnd = ~u64{0};  // it counts from there, and so nothing
    EFT_TRY(const auto answer, ko::invoke(table, Invocation::CapUsed, kEnd));
    return static_cast<u32>(answer.w[0]);
}

void signal(Slot notification) { sys::signal(notification); }

Status set_registers(Slot thread, const StartRegisters& registers) {
    return ko::set_registers(thread, registers.instruction_pointer, registers.stack_pointer, registers.first, registers.second);
}
Status set_priority(Slot thread, u8 priority) { return ko::set_priority(thread, priority); }
Status resume(Slot thread) { return ko::resume(thread); }
void suspend(Slot thread) { static_cast<void>(ko::suspend(thread)); }
Result<ko::ThreadInfo> inspect(Slot thread) { return ko::inspect_thread(thread); }

}  // namespace eft::processes::effects
