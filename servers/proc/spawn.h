// The start of a process: a space of mem, the program's segments, the thread, and the slots of the process's table that
// belong to the incarnation. The table itself and the persistent memory are its supervisor's.
#pragma once

#include "memory.h"
#include "process_table.h"

#include <eft/elf.h>

namespace eft::processes {

// The program that is to be started.
struct Program {
    Elf elf;
    std::span<const std::byte> source;  // what its contents stand in: the boot archive, or the file
    Slot object = Slot::None;           // None: the boot archive
    u64 source_offset = 0;              // of `source` in the object
    ShownObject view;                   // of an object
};

// Everything that can be seen to be wrong before anything is made. InvalidArgument: a number, a name or a kind of capability.
Status check_spawn(const proc::SpawnRequest& request);
// NotFound: no such program. BadFormat: it is none for this machine. mem's errors: of the object that has it.
Result<Program> open_program(Memory& memory, const proc::SpawnRequest& request);

// What is known of the process before anything is made.
Process plan_spawn(const Elf& elf, const proc::SpawnRequest& request);

// Makes all of it; then it has its thread and its table in their slots. Answers mem's id of its space. The process can be set
// going by start_spawned() when this succeeds. Otherwise, or after a death of proc, undo_spawn() leaves nothing behind, whatever step failed.
// Most of that is mem's work: when the space is destroyed, the thread, the Reply objects, and every capability to them or to
// the space's session are gone, wherever they are.
Result<u32> spawn(Memory& memory, ProcessTable& processes, const Process& process, const Program& program, proc::SpawnRequest& request);
Status start_spawned(const ProcessTable& processes, const Process& process, const proc::SpawnRequest& request);
Status undo_spawn(Memory& memory, ProcessTable& processes, const Process& process);

}  // namespace eft::processes
