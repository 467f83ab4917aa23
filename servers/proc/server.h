// The interface Proc (idl/proc.fbs): who may ask for what, and exceptions, which arrive as messages from the kernel.
#pragma once

#include "death.h"
#include "memory.h"
#include "process_table.h"

namespace eft::processes {

class ProcServer {
public:
    explicit ProcServer(Memory& memory) : memory_(memory), reaper_(memory, processes_) {}

    // The core processes, in the order of their ids, before all others.
    Status adopt(std::string_view name, u32 parent, Slot thread) { return processes_.adopt(name, parent, thread); }

    Result<proc::Pid> spawn(ipc::Context&, proc::SpawnRequest&& request);
    Status kill(ipc::Context&, const proc::KillRequest& request);
    Status send(ipc::Context&, const proc::SignalRequest& request);
    Result<proc::CrashRecord> reap(ipc::Context&, const proc::Pid& request);
    Result<proc::LastMessages> messages(ipc::Context&, const proc::Pid& request);
    Result<proc::Progress> inspect(ipc::Context&, const proc::Pid& request);
    Result<proc::ProcessLine> next(ipc::Context&, const proc::Cursor& request);
    // The answer finds no caller any more.
    Status exit(ipc::Context& context, const proc::ExitRequest& request);

    // An exception, or a page fault that mem did not resolve, of the process that the badge names.
    void exception(Badge badge, u64 address, u64 vector_and_code);

private:
    Result<Process*> find_living(u32 pid);

    Memory& memory_;
    ProcessTable processes_;
    Reaper reaper_;
};

}  // namespace eft::processes
