// All that proc does to the kernel: capabilities of processes, and their threads. Errors are the kernel's
// (eft/abi/object.h).
//
// Slots are of proc's own table unless they follow a `table`, whose slots they then are.
#pragma once

#include <eft/invoke.h>
#include <eft/layout.h>

namespace eft::processes::effects {

// InvalidArgument: the capability is none of this type. MissingRight: it has not all of these rights.
Status require(Slot slot, ObjectType type, Rights rights);

// A copy of proc's own endpoint, through which requests come with this badge, in a scratch slot or in a process's table.
Result<Slot> mint(Badge badge);
Status mint_into(Slot table, WellKnown index, Badge badge);
Status derive_into(Slot table, WellKnown index, Slot source);
// `source` is a scratch slot, which is free afterwards.
Status move_into(Slot table, WellKnown index, Slot source);
void clear(Slot table, Slot first, u32 count);
Result<u32> table_slots(Slot table);

void signal(Slot notification);

struct StartRegisters {
    u64 instruction_pointer, stack_pointer, first, second;
};
Status set_registers(Slot thread, const StartRegisters& registers);
Status set_priority(Slot thread, u8 priority);
Status resume(Slot thread);
void suspend(Slot thread);
Result<kernel_object::ThreadInfo> inspect(Slot thread);

}  // namespace eft::processes::effects
