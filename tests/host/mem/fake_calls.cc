// The calls of libos that mem makes, on the FakeKernel that the test has.
#include "fake_kernel.h"

#include <eft/cap.h>
#include <eft/layout.h>

#include <mem/contents.h>

#include <cstdlib>

using eft::memory::test::FakeKernel;

namespace eft {
namespace {

FakeKernel& kernel() { return *FakeKernel::current(); }

// Of no other table does mem know the slots.
Status own(Slot table) { return table == slot(WellKnown::Table) ? Status() : Error::InvalidCapability; }

}  // namespace

namespace kernel_object {

Status retype(Slot untyped, ObjectType type, Slot first, u32 count, unsigned size_bits) {
    return kernel().retype(untyped, type, first, count, size_bits);
}
Result<UntypedInfo> inspect_untyped(Slot untyped) { return kernel().inspect_untyped(untyped); }
Status derive(Slot table, Slot index, Slot source, Rights mask, u64 badge) {
    EFT_CHECK(own(table));
    return kernel().derive(index, source, mask, badge);
}
Status move(Slot table, Slot index, Slot source) { return kernel().move_into(table, index, source); }
Status remove(Slot table, Slot index, u32 count) {
    EFT_CHECK(own(table));
    return kernel().remove(index, count);
}
Status revoke(Slot table, Slot index) {
    EFT_CHECK(own(table));
    return kernel().revoke(index);
}
Result<CapInfo> inspect(Slot table, Slot index) {
    EFT_CHECK(own(table));
    return kernel().inspect(index);
}
Status donate_slots(Slot table, Slot index, Slot page) {
    EFT_CHECK(own(table));
    return kernel().donate_slots(index, page);
}
Result<u32> donated_pages(Slot) { std::abort(); }  // main.cc asks
Status configure(Slot thread, Slot table, Slot space, Slot utcb_frame, u64 utcb_address) {
    return kernel().configure(thread, table, space, utcb_frame, utcb_address);
}
Status set_handlers(Slot thread, Slot pager, Slot exceptions) { return kernel().set_handlers(thread, pager, exceptions); }
Status set_context(Slot thread, Slot context) { return kernel().set_context(thread, context); }
Status configure_context(Slot context, u64 budget, u64 period, unsigned ceiling) {
    return kernel().configure_context(context, budget, period, static_cast<u8>(ceiling));
}
Status map(Slot space, Slot frame, u64 address, Rights rights, u8 flags) { return kernel().map(space, frame, address, rights, flags); }
Status unmap(Slot space, Slot frame) { return kernel().unmap(space, frame); }
Status donate(Slot space, Slot page_table) { return kernel().donate(space, page_table); }
Status seal(Slot frame) { return kernel().seal(frame); }

}  // namespace kernel_object

Slot allocate_slot() { return kernel().slot_for_sending().value_or(Slot::None); }
void drop_slot(Slot which) {
    if (FakeKernel::current()) kernel().drop(which);
}
u32 used_scratch_slots() { return kernel().slots_for_sending(); }
Result<CapHandle> copy_capability(Slot source, Rights, u64) {
    EFT_TRY(const Slot copy, kernel().copy_for_sending(source));
    return CapHandle(copy);
}

namespace ipc::slots {

void drop(Slot which) { drop_slot(which); }
void refill(Utcb&, unsigned) {}

}  // namespace ipc::slots

namespace memory {

std::byte* own_memory(u64 address) { return kernel().at(address); }

}  // namespace memory
}  // namespace eft
