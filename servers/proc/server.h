// The interface Proc (idl/proc.fbs): who may ask for what, and exceptions, which arrive as messages from the kernel.
//
// proc can die at any instruction. What it knows lies in its state region (process_table.h), and whoever asks again after PeerDied
// finds it done, or does it again:
//   1  spawn: the record is Spawning, mem may have a space for it, things may be in its slots and in its table, and it may
//      even have been set going, without having run: it is undone, and the caller asks again. The same for prepare, and for
//      spawn with one that was prepared
//   2  freeze: the record is Freezing, with the cause; the thread may be stopped or not: it is frozen to the end
//   3  the record is Dead, and nobody was told: it is told then
//   4  reap: mem's space, the table's slots, and proc's may be gone, the record is there: the caller asks again
//      With another one prepared, the space is left for the next prepare() (Process::Phase::Leaving)
//   5  an exception that was taken and not noted: the kernel sends it again
#pragma once

#include "death.h"
#include "memory.h"
#include "process_table.h"

namespace eft::processes {

struct Program;  // spawn.h

class ProcServer {
public:
    // `state`: kStateBytes. Nothing works before recover().
    ProcServer(std::span<std::byte> state, Memory& memory) : memory_(memory), processes_(state), reaper_(memory, processes_) {}

    // Before the first request. True: it is the first incarnation, and knows nobody. Errors: the state cannot be used.
    Result<bool> recover(u64 replies_delivered);
    UndoLog& log() { return processes_.region().log(); }

    // The core processes, in the order of their ids, before all others.
    Status adopt(std::string_view name, u32 parent, Slot thread) { return processes_.adopt(name, parent, thread); }

    Result<proc::Pid> spawn(ipc::Context&, proc::SpawnRequest&& request);
    Status prepare(ipc::Context&, proc::SpawnRequest&& request);
    Status discard(ipc::Context&, const proc::ProcessName& request);
    Status kill(ipc::Context&, const proc::KillRequest& request);
    Status send(ipc::Context&, const proc::SignalRequest& request);
    Result<proc::CrashRecord> reap(ipc::Context&, const proc::Pid& request);
    Result<proc::LastMessages> messages(ipc::Context&, const proc::Pid& request);
    Result<proc::CrashRecord> record(ipc::Context&, const proc::Pid& request);
    Result<proc::Registers> registers(ipc::Context&, const proc::Pid& request);
    Result<proc::Progress> inspect(ipc::Context&, const proc::Pid& request);
    Result<proc::ProcessLine> next(ipc::Context&, const proc::Cursor& request);
    // The answer finds no caller any more.
    Status exit(ipc::Context& context, const proc::ExitRequest& request);

    // An exception, or a page fault that mem did not resolve, of the process that the badge names.
    void exception(Badge badge, u64 address, u64 vector_and_code);

private:
    Result<const Process*> find_living(u32 pid) const;
    Result<const Process*> find_dead(u32 pid) const;
    Status undo_spawning();
    const Process* find_prepared(std::string_view name) const;
    Result<const Process*> take(const Process& plan);
    Result<u32> build(const Process& process, const Program& program, proc::SpawnRequest& request);
    Status end_leaving();
    Status discard_all();

    Memory& memory_;
    ProcessTable processes_;
    Reaper reaper_;
    Messages messages_;
};

}  // namespace eft::processes
