// All that mem does to the kernel: nothing else in this folder changes a capability, an object or a mapping. The other
// files change records (state.h), and call these functions in the order in which their records say what is.
//
// What is inlined is called once for each page or Reply. Slots are of mem's own table unless they follow a `table`, whose slots they then are. Errors are the kernel's
// (eft/abi/object.h).
#pragma once

#include <eft/invoke.h>
#include <eft/layout.h>

#include <cstddef>

namespace eft::memory::effects {

constexpr Slot kOwnTable = slot(WellKnown::Table);

// Objects of an untyped block, into empty slots from `first` on. NeedMemory: the block has no room for them.
inline Status make(Slot untyped, ObjectType type, Slot first, u32 count = 1, unsigned size_bits = 0) {
    return kernel_object::retype(untyped, type, first, count, size_bits);
}
// Ends all that was made of an untyped block, or derived from a capability; the capability itself stays.
void end_descendants(Slot slot);
void remove(Slot first, u32 count = 1);
Result<kernel_object::UntypedInfo> inspect_untyped(Slot untyped);
Result<kernel_object::CapInfo> inspect(Slot slot);

// A capability to mem's own endpoint, through which requests come with this badge.
Status mint(Slot target, Badge badge);
inline Status copy_frame(Slot target, Slot frame, Rights rights) {
    return kernel_object::derive(kOwnTable, target, frame, rights);
}
Status move(Slot target, Slot source);
inline Status remove_from(Slot table, Slot first, u32 count) { return kernel_object::remove(table, first, count); }
inline Status move_into(Slot table, Slot index, Slot source) { return kernel_object::move(table, index, source); }

// mem's table gets the 64 slots from `first` on.
Status add_slots(Slot first, Slot page);
// The slot behind the last one that mem's table has.
Result<u32> table_end();

// NeedMemory: the space has no page table for this address, and no spare one.
inline Status map(Slot space, Slot frame, u64 address, Rights rights, u8 flags) {
    return kernel_object::map(space, frame, address, rights, flags);
}
Status unmap(Slot space, Slot frame);
Status donate_table(Slot space, Slot table);
// From now on the frame can be mapped for execution, and is never written again.
Status seal(Slot frame);

struct ThreadParts {
    Slot thread, context, table, space, utcb;
    u64 utcb_address;
    Slot pager, exceptions;
};
// Makes a thread out of new objects; it stays suspended.
Status assemble_thread(const ThreadParts& parts, u64 budget, u64 period, u8 ceiling);
Status set_priority(Slot thread, u8 priority);
Result<u8> priority_of(Slot thread);
// Whether there is a bound on what the thread may use of the processor.
Result<bool> is_bounded(Slot context);
// In ticks.
Result<u64> charged_to(Slot context);

}  // namespace eft::memory::effects
