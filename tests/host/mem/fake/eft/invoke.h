// The invocations of kernel objects that mem makes, as <eft/invoke.h> of libos declares them; fake_calls.cc has them do
// what FakeKernel says.
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/result.h>

namespace eft::kernel_object {

struct UntypedInfo {
    u64 address;
    unsigned size_bits;
    u64 used;
    bool device;
};
struct CapInfo {
    ObjectType type;
    Rights rights;
    bool mapped, sealed;
    u64 id, data, space;
};

Status retype(Slot untyped, ObjectType type, Slot first, u32 count = 1, unsigned size_bits = 0);
Result<UntypedInfo> inspect_untyped(Slot untyped);
Status derive(Slot table, Slot index, Slot slot, Rights mask = kAllRights, u64 badge = 0);
Status move(Slot table, Slot index, Slot slot);
Status remove(Slot table, Slot index, u32 count = 1);
Status revoke(Slot table, Slot index);
Result<CapInfo> inspect(Slot table, Slot index);
Status donate_slots(Slot table, Slot index, Slot page);
Result<u32> donated_pages(Slot table);
Status configure(Slot thread, Slot table, Slot space, Slot utcb_frame, u64 utcb_address);
Status set_handlers(Slot thread, Slot pager, Slot exceptions);
Status set_context(Slot thread, Slot context);
Status configure_context(Slot context, u64 budget, u64 period, unsigned ceiling);
Status map(Slot space, Slot frame, u64 address, Rights rights, u8 flags = 0);
Status unmap(Slot space, Slot frame);
Status donate(Slot space, Slot page_table);
Status seal(Slot frame);

}  // namespace eft::kernel_object
