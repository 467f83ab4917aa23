// The interface Proc: who may ask for what, and exceptions, which arrive as messages from the kernel.
#pragma once

#include "death.h"
#include "spawn.h"

namespace eft::processes {

template <class Environment>
class ProcServer {
public:
    explicit ProcServer(Environment& environment)
        : environment_(environment), spawner_(environment), reaper_(environment, processes_) {}

    // The core processes, in the order of their ids, before all others.
    Status adopt(std::string_view name, u32 parent, Slot thread) { return processes_.adopt(name, parent, thread); }

    Result<proc::Pid> spawn(ipc::Context&, proc::SpawnRequest&& request) {
        EFT_TRY(const Elf elf, spawner_.check(request));
        EFT_TRY(Process * process, processes_.take());
        if (Status built = spawner_.build(*process, elf, request); !built.ok()) {
            environment_.note(request.name, "spawn failed: ", to_string(built.error()));
            spawner_.undo(*process, request.table.slot());
            processes_.give(*process);
            return built.error();
        }
        process->parent = kSupervisorPid;  // nobody else has the control session
        process->table = request.table.release();
        process->death = request.death.release();
        return proc::Pid{.pid = process->pid};
    }

    Status kill(ipc::Context&, const proc::KillRequest& request) {
        EFT_TRY(Process * process, find_living(request.pid));
        reaper_.freeze(*process, {.reason = request.reason == proc::DeathReason::None ? proc::DeathReason::Ordered
                                                                                        : request.reason});
        return {};
    }

    Status send(ipc::Context&, const proc::SignalRequest& request) {
        if (request.signal == proc::Signal::None) return Error::InvalidArgument;
        EFT_TRY(Process * process, find_living(request.pid));
        const u64 target = process->entry + (request.signal == proc::Signal::Hang ? kHangOffset : kCrashOffset);
        environment_.suspend(process->thread);
        EFT_CHECK(environment_.set_registers(process->thread, {target, layout::kStackTop - 8, 0, 0}));
        return environment_.resume(process->thread);
    }

    Result<proc::CrashRecord> reap(ipc::Context&, const proc::Pid& request) {
        EFT_TRY(Process * process, processes_.find(request.pid));
        if (!process->dead) return Error::WrongState;
        reaper_.reap(*process);
        const proc::CrashRecord record = process->record;
        processes_.give(*process);
        return record;
    }

    Result<proc::LastMessages> messages(ipc::Context&, const proc::Pid& request) {
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

    Result<proc::Progress> inspect(ipc::Context&, const proc::Pid& request) {
        EFT_TRY(Process * process, processes_.find(request.pid));
        proc::Progress progress;
        progress.state = proc::ProcessState::Dead;
        if (process->dead) return progress;
        EFT_TRY(const auto thread, environment_.inspect(process->thread));
        progress.state = state_of(thread.state);
        progress.thread_state = static_cast<u8>(thread.state);
        progress.blocked_on = thread.blocked_on;
        progress.instruction = thread.instruction_pointer;
        return progress;
    }

    Result<proc::ProcessLine> next(ipc::Context&, const proc::Cursor& request) {
        EFT_TRY(Process * process, processes_.next(request.after));
        proc::ProcessLine line;
        line.pid = process->pid;
        line.parent = process->parent;
        line.name = process->name_text();
        line.state = proc::ProcessState::Dead;
        if (process->dead) return line;
        if (!process->core) line.pages = environment_.pages(process->space);
        const auto thread = environment_.inspect(process->thread);
        line.state = thread.ok() ? state_of(thread->state) : proc::ProcessState::Blocked;
        return line;
    }

    // The answer finds no caller any more.
    Status exit(ipc::Context& context, const proc::ExitRequest& request) {
        EFT_TRY(Process * process, find_living(pid_of(context.badge())));
        reaper_.freeze(*process, {.reason = proc::DeathReason::Exit, .exit_status = request.status});
        return {};
    }

    // An exception, or a page fault that mem did not resolve, of the process that the badge names.
    void exception(Badge badge, u64 address, u64 vector_and_code) {
        if (proc::Proc::kind_of(badge) != Kind::Exceptions) return;
        const Result<Process*> process = processes_.find(pid_of(badge));
        if (!process.ok()) return;
        const u32 vector = static_cast<u32>(vector_and_code >> 32);
        const bool page_fault = vector == kPageFaultVector;
        reaper_.freeze(**process, {.reason = page_fault ? proc::DeathReason::PageFault : proc::DeathReason::Exception,
                                     .vector = vector,
                                     .error_code = static_cast<u32>(vector_and_code),
                                     .address = page_fault ? address : 0});
    }

private:
    // libos/src/start.S: an endless loop and an undefined instruction, behind the entry point.
    static constexpr u64 kHangOffset = 0x10, kCrashOffset = 0x12;
    static constexpr u32 kPageFaultVector = 14;

    static proc::ProcessState state_of(ThreadState state) {
        return state == ThreadState::Ready ? proc::ProcessState::Running : proc::ProcessState::Blocked;
    }
    Result<Process*> find_living(u32 pid) {
        EFT_TRY(Process * process, processes_.find(pid));
        if (process->core) return Error::PermissionDenied;
        if (process->dead) return Error::WrongState;
        return process;
    }

    Environment& environment_;
    Spawner<Environment> spawner_;
    Reaper<Environment> reaper_;
    ProcessTable processes_;
};

}  // namespace eft::processes
