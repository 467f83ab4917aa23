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

// Of what a process is made, as a number: requests for the same one have the same, and no others.
Result<u64> number_of(const proc::SpawnRequest& request);

// Makes all that lies in no slot of its table; then it has its thread and its table in their slots, and the session with mem waits in
// the one for its death's signal. Answers mem's id of its space. hand_over() fills the table, which no other process may be using,
// and start_spawned() sets it going. When one of them fails, or after a death of proc, undo_spawn() leaves nothing behind, whatever
// step failed. Most of that is mem's work: when the space is destroyed, the thread, the Reply objects, and every capability to them
// or to the space's session are gone, wherever they are.
Result<u32> build(Memory& memory, ProcessTable& processes, const Process& process, const Program& program, proc::SpawnRequest& request);
Status hand_over(Memory& memory, ProcessTable& processes, const Process& process, u32 space, proc::SpawnRequest& request);
Status start_spawned(const ProcessTable& processes, const Process& process, const proc::SpawnRequest& request);
Status undo_spawn(Memory& memory, ProcessTable& processes, const Process& process);

}  // namespace eft::processes
