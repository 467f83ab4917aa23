// The start of a process: a space of mem, the program's segments, the thread, and the slots of the process's table that
// belong to the incarnation. The table itself and the persistent memory are its supervisor's.
#pragma once

#include "memory.h"
#include "process_table.h"

#include <eft/elf.h>

namespace eft::processes {

// Everything that can be seen to be wrong before anything is made. InvalidArgument: a number, a name or a kind of
// capability. NotFound: no such program. BadFormat: it is none for this machine.
Result<Elf> check_spawn(const Memory& memory, const proc::SpawnRequest& request);

// The process runs when this succeeds. Otherwise undo_spawn() leaves nothing behind, whatever step failed. Most of that is
// mem's work: when the space is destroyed, the thread, the Reply objects, and every capability to them or to the space's
// session are gone, wherever they are.
Status spawn(Memory& memory, Process& process, const Elf& elf, const proc::SpawnRequest& request);
void undo_spawn(Memory& memory, Process& process, Slot table);

}  // namespace eft::processes
