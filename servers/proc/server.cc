#include "server.h"

#include "spawn.h"

#include <eft/invoke.h>

#include <algorithm>

namespace eft::processes {

namespace ko = kernel_object;

namespace {

constexpr u32 kPageFaultVector = 14;

proc::ProcessState state_of(ThreadState state) {
    return state == ThreadState::Ready ? proc::ProcessState::Running : proc::ProcessState::Blocked;
}

}  // namespace

Result<bool> ProcServer::recover(u64 replies_delivered) {
    const RecoveryOutcome outcome = processes_.region().recover(replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) return Error::BadFormat;
    if (outcome == RecoveryOutcome::Fresh) return true;
    EFT_CHECK(undo_spawning());  // 1
    Status done;
    processes_.for_each([&](const Process& process) {
        if (process.phase == Process::Phase::Freezing && done.ok()) done = reaper_.finish_freezing(process);  // 2
        else if (process.is_dead()) reaper_.tell_death(process);  // 3
    });
    EFT_CHECK(done);
    return false;
}

// Whose answer did not reach its caller, too.
Status ProcServer::undo_spawning() {
    Status done;
    processes_.for_each([&](const Process& process) {
        if (process.phase == Process::Phase::Spawning && done.ok()) done = undo_spawn(memory_, processes_, process);
    });
    return done;
}

// Not of one that is being spawned: it has not run.
Result<const Process*> ProcServer::find_living(u32 pid) const {
    EFT_TRY(const Process* process, processes_.find(pid));
    if (process->core) return Error::PermissionDenied;
    return process->phase == Process::Phase::Running ? Result<const Process*>(process) : Error::WrongState;
}

Result<const Process*> ProcServer::find_dead(u32 pid) const {
    EFT_TRY(const Process* process, processes_.find(pid));
    return process->is_dead() ? Result<const Process*>(process) : Error::WrongState;
}

const Process* ProcServer::find_prepared(std::string_view name) const {
    const Process* found = nullptr;
    processes_.for_each([&](const Process& process) {
        if (process.phase == Process::Phase::Prepared && process.name_text() == name) found = &process;
    });
    return found;
}

Status ProcServer::end_leaving() {
    Status done;
    processes_.for_each([&](const Process& process) {
        if (process.phase != Process::Phase::Leaving || !done.ok()) return;
        memory_.destroy_space_of(process.pid);
        done = processes_.give_back(process);
    });
    return done;
}

// What nobody has asked for yet makes room for what somebody asks for.
Status ProcServer::discard_all() {
    Status done;
    processes_.for_each([&](const Process& process) {
        if (process.phase == Process::Phase::Prepared && done.ok()) done = undo_spawn(memory_, processes_, process);
    });
    EFT_CHECK(done);
    return end_leaving();
}

Result<const Process*> ProcServer::take(const Process& plan) {
    const Result<const Process*> taken = processes_.take(plan);
    if (taken.error() != Error::LimitReached) return taken;
    EFT_CHECK(discard_all());
    return processes_.take(plan);
}

Result<u32> ProcServer::build(const Process& process, const Program& program, proc::SpawnRequest& request) {
    const Result<u32> space = processes::build(memory_, processes_, process, program, request);
    if (space.error() != Error::OutOfMemory && space.error() != Error::LimitReached) return space;
    EFT_CHECK(discard_all());
    return processes::build(memory_, processes_, process, program, request);
}

Result<proc::Pid> ProcServer::spawn(ipc::Context&, proc::SpawnRequest&& request) {
    EFT_CHECK(undo_spawning());
    EFT_CHECK(check_spawn(request));
    EFT_TRY(const u64 made_for, number_of(request));
    Program program;
    const Process* process = find_prepared(request.name);
    const bool is_prepared = process && process->made_for == made_for;
    if (is_prepared) {
        EFT_CHECK(processes_.change_phase(*process, Process::Phase::Spawning));  // 1
    } else {
        EFT_TRY(program, open_program(memory_, request));
        EFT_TRY(process, take(plan_spawn(program.elf, request)));  // 1
    }
    const Result<u32> space = is_prepared ? Result<u32>(process->space) : build(*process, program, request);
    Status started = space.ok() ? hand_over(memory_, processes_, *process, *space, request) : Status(space.error());
    if (started.ok()) started = start_spawned(processes_, *process, request);
    if (!started.ok()) {
        note(request.name, "spawn failed: ", started.error());
        EFT_CHECK(undo_spawn(memory_, processes_, *process));
        return started.error();
    }
    Transaction change = processes_.region().begin();
    EFT_CHECK(change.write(process->space, *space));
    EFT_CHECK(change.write(process->phase, Process::Phase::Running));
    EFT_CHECK(change.commit_with_reply());
    return proc::Pid{.pid = process->pid};
}

Status ProcServer::prepare(ipc::Context&, proc::SpawnRequest&& request) {
    EFT_CHECK(undo_spawning());
    EFT_CHECK(end_leaving());
    EFT_CHECK(check_spawn(request));
    EFT_TRY(const u64 made_for, number_of(request));
    if (const Process* found = find_prepared(request.name)) {
        if (found->made_for == made_for) return {};
        EFT_CHECK(undo_spawn(memory_, processes_, *found));
    }
    EFT_TRY(const Program program, open_program(memory_, request));
    Process plan = plan_spawn(program.elf, request);
    plan.made_for = made_for;
    EFT_TRY(const Process* process, processes_.take(plan));  // 1
    const Result<u32> space = processes::build(memory_, processes_, *process, program, request);
    if (!space.ok()) {
        EFT_CHECK(undo_spawn(memory_, processes_, *process));
        return space.error();
    }
    Transaction change = processes_.region().begin();
    EFT_CHECK(change.write(process->space, *space));
    EFT_CHECK(change.write(process->phase, Process::Phase::Prepared));
    return change.commit_with_reply();
}

Status ProcServer::discard(ipc::Context&, const proc::ProcessName& request) {
    EFT_CHECK(end_leaving());
    const Process* found = find_prepared(request.name);
    return found ? undo_spawn(memory_, processes_, *found) : Status();
}

Status ProcServer::kill(ipc::Context&, const proc::KillRequest& request) {
    EFT_TRY(const Process* process, find_living(request.pid));
    return reaper_.freeze(*process, {.reason = request.reason == proc::DeathReason::None ? proc::DeathReason::Ordered : request.reason});
}

Status ProcServer::send(ipc::Context&, const proc::SignalRequest& request) {
    if (request.signal == proc::Signal::None) return Error::InvalidArgument;
    EFT_TRY(const Process* process, find_living(request.pid));
    const Slot thread = processes_.thread_of(*process);
    const u64 target = process->entry + (request.signal == proc::Signal::Hang ? layout::kHangOffset : layout::kCrashOffset);
    EFT_CHECK(ko::suspend(thread));
    EFT_CHECK(ko::set_registers(thread, target, layout::kStackTop - 8));
    return ko::resume(thread);
}

Result<proc::CrashRecord> ProcServer::reap(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, find_dead(request.pid));
    const bool leaves_memory = find_prepared(process->name_text()) != nullptr;
    const proc::CrashRecord record = reaper_.reap(*process, leaves_memory);  // 4
    Transaction change = processes_.region().begin();
    EFT_CHECK(change.write(process->phase, leaves_memory ? Process::Phase::Leaving : Process::Phase::Free));
    EFT_CHECK(change.commit_with_reply());
    return record;
}

Result<proc::CrashRecord> ProcServer::record(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, find_dead(request.pid));
    return process->record;
}

// The thread is still there.
Result<proc::Registers> ProcServer::registers(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, find_dead(request.pid));
    EFT_TRY(const auto thread, ko::inspect_thread(processes_.thread_of(*process)));
    proc::Registers answer;
    static_assert(std::size(answer.values.of) == static_cast<std::size_t>(UserRegister::FaultAddress));
    std::copy_n(thread.registers, std::size(answer.values.of), answer.values.of);
    return answer;
}

Result<proc::LastMessages> ProcServer::messages(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, find_dead(request.pid));
    reaper_.read_messages(*process, messages_);
    const auto kept = [this](const auto& words) { return std::span(words).first(messages_.count); };
    proc::LastMessages last;
    last.tags = kept(messages_.tags);
    last.badges = kept(messages_.badges);
    last.times = kept(messages_.times);
    last.answers = kept(messages_.answers);
    return last;
}

Result<proc::Progress> ProcServer::inspect(ipc::Context&, const proc::Pid& request) {
    EFT_TRY(const Process* process, processes_.find(request.pid));
    proc::Progress progress;
    progress.state = proc::ProcessState::Dead;
    if (process->is_dead()) return progress;
    EFT_TRY(const auto thread, ko::inspect_thread(processes_.thread_of(*process)));
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
    if (process->is_dead()) return line;
    if (!process->core) {
        const mem::Usage usage = memory_.usage(process->space);
        line.pages = usage.used;
        line.processor_us = usage.charged * 1000 / config().ticks_per_ms;
    }
    const auto thread = ko::inspect_thread(processes_.thread_of(*process));
    line.state = thread.ok() ? state_of(thread->state) : proc::ProcessState::Blocked;
    if (thread.ok()) line.answered = thread->replies_delivered;
    return line;
}

Status ProcServer::exit(ipc::Context& context, const proc::ExitRequest& request) {
    EFT_TRY(const Process* process, find_living(pid_of(context.badge())));
    return reaper_.freeze(*process, {.reason = proc::DeathReason::Exit, .exit_status = request.status});
}

void ProcServer::exception(Badge badge, u64 address, u64 vector_and_code) {
    if (proc::Proc::kind_of(badge) != Kind::Exceptions) return;
    const Result<const Process*> process = processes_.find(pid_of(badge));
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
    static_cast<void>(reaper_.freeze(**process, cause));
}

}  // namespace eft::processes
