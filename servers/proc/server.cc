#include "server.h"

#include "spawn.h"

#include <eft/invoke.h>

namespace eft::processes {

namespace ko = kernel_object;

namespace {

constexpr u32 kPageFaultVector = 14;

proc::ProcessState state_of(ThreadState state) {
    return state == ThreadState::Ready ? proc::ProcessState::Running : proc::ProcessState::Blocked;
}

}  // namespace

Result<Process*> ProcServer::find_living(u32 pid) {
    EFT_TRY(Process * process, processes_.find(pid));
    if (process->core) return Error::PermissionDenied;
    if (process->dead) return Error::WrongState;
    return process;
}

Result<proc::Pid> ProcServer::spawn(ipc::Context&, proc::SpawnRequest&& request) {
    EFT_TRY(const Elf elf, check_spawn(memory_, request));
    EFT_TRY(Process * process, processes_.take());
    if (Status spawned = processes::spawn(memory_, *process, elf, request); !spawned.ok()) {
        note(request.name, "spawn failed: ", spawned.error());
        undo_spawn(memory_, *process, request.table.slot());
        processes_.give(*process);
        return spawned.error();
    }
    process->parent = kSupervisorPid;  // nobody else has the control session
    process->table = request.table.release();
    process->death = request.death.release();
    return proc::Pid{.pid = process->pid};
}

Status ProcServer::kill(ipc::Context&, const proc::KillRequest& request) {
    EFT_TRY(Process * process, find_living(request.pid));
    reaper_.freeze(*process,
                   {.reason = request.reason == proc::DeathReason::None ? proc::DeathReason::Ordered : request.reason});
    return {};
}

Status ProcServer::send(ipc::Context&, const proc::SignalRequest& request) {
    if (request.signal == proc::Signal::None) return Error::InvalidArgument;
    EFT_TRY(Process * process, find_living(request.pid));
    const u64 target = process->entry + (request.signal == proc::Signal::Hang ? layout::kHangOffset : layout::kCrashOffset);
    EFT_CHECK(ko::suspend(process->thread));
    EFT_CHECK(ko::set_registers(process->thread, target, layout::kStackTop - 8));
    return ko::resume(process->thread);
}

Result<proc::CrashRecord> ProcServer::reap(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(Process * process, processes_.find(request.pid));
    if (!process->dead) return Error::WrongState;
    reaper_.reap(*process);
    processes_.give(*process);
    return process->record;
}

Result<proc::LastMessages> ProcServer::messages(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, processes_.find(request.pid));
    if (!process->dead) return Error::WrongState;
    const Messages& all = processes_.messages_of(*process);
    const auto kept = [&all](const auto& words) { return std::span(words).first(all.count); };
    proc::LastMessages last;
    last.tags = kept(all.tags);
    last.badges = kept(all.badges);
    last.times = kept(all.times);
    last.answers = kept(all.answers);
    return last;
}

Result<proc::Progress> ProcServer::inspect(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, processes_.find(request.pid));
    proc::Progress progress;
    progress.state = proc::ProcessState::Dead;
    if (process->dead) return progress;
    EFT_TRY(const auto thread, ko::inspect_thread(process->thread));
    progress.state = state_of(thread.state);
    progress.thread_state = static_cast<u8>(thread.state);
    progress.blocked_on = thread.blocked_on;
    progress.instruction = thread.instruction_pointer;
    return progress;
}

Result<proc::ProcessLine> ProcServer::next(ipc::Context&, const proc::Cursor& request) {
    EFT_TRY(const Process* process, processes_.next(request.after));
    proc::ProcessLine line;
    line.pid = process->pid;
    line.parent = process->parent;
    line.name = process->name_text();
    line.state = proc::ProcessState::Dead;
    if (process->dead) return line;
    if (!process->core) {
        const mem::Usage usage = memory_.usage(process->space);
        line.pages = usage.used;
        line.processor_us = usage.charged * 1000 / config().ticks_per_ms;
    }
    const auto thread = ko::inspect_thread(process->thread);
    line.state = thread.ok() ? state_of(thread->state) : proc::ProcessState::Blocked;
    if (thread.ok()) line.answered = thread->replies_delivered;
    return line;
}

Status ProcServer::exit(ipc::Context& context, const proc::ExitRequest& request) {
    EFT_TRY(Process * process, find_living(pid_of(context.badge())));
    reaper_.freeze(*process, {.reason = proc::DeathReason::Exit, .exit_status = request.status});
    return {};
}

void ProcServer::exception(Badge badge, u64 address, u64 vector_and_code) {
    if (proc::Proc::kind_of(badge) != Kind::Exceptions) return;
    const Result<Process*> process = processes_.find(pid_of(badge));
    if (!process.ok()) return;
    Cause cause{.reason = proc::DeathReason::Exception,
                .vector = static_cast<u32>(vector_and_code >> 32),
                .error_code = static_cast<u32>(vector_and_code)};
    if (cause.vector == kPageFaultVector) {
        const mem::Usage memory = memory_.usage((*process)->space);
        cause.reason = memory.exhausted ? proc::DeathReason::OutOfMemory : proc::DeathReason::PageFault;
        cause.address = address;
        if (memory.exhausted && memory.used >= memory.quota) cause.quota = memory.quota;
    }
    reaper_.freeze(**process, cause);
}

}  // namespace eft::processes
