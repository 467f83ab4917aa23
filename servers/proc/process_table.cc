#include "process_table.h"

#include <eft/cap.h>
#include <eft/invoke.h>

#include <algorithm>

namespace eft::processes {

void Process::set_name(std::string_view text) {
    const std::size_t length = std::min(text.size(), kNameLength);
    std::copy_n(text.data(), length, name);
    name[length] = 0;
}

ProcessTable::ProcessTable(std::span<std::byte> memory) : region_(memory, kStateVersion) {}

Result<const Process*> ProcessTable::take(const Process& plan) {
    const u32 pid = region_->last_pid + 1;
    if (pid == 0) return Error::LimitReached;
    for (const Process& process : region_->processes) {
        if (process.used()) continue;
        Transaction begin = region_.begin();
        EFT_TRY(Process * made, begin.edit(process));
        *made = plan;
        made->pid = pid;
        EFT_CHECK(begin.write(region_->last_pid, pid));
        EFT_CHECK(begin.commit_now());
        return &process;
    }
    return Error::LimitReached;
}

Status ProcessTable::adopt(std::string_view name, u32 parent, Slot thread) {
    Process process;
    process.phase = Process::Phase::Running;
    process.core = true;
    process.parent = parent;
    process.core_thread = thread;
    process.set_name(name);
    return take(process).error();
}

Status ProcessTable::give_back(const Process& process) { return change_phase(process, Process::Phase::Free); }

Status ProcessTable::change_phase(const Process& process, Process::Phase phase) {
    Transaction change = region_.begin();
    EFT_CHECK(change.write(process.phase, phase));
    return change.commit_now();
}

Status ProcessTable::note_death(const Process& process, Process::Phase phase, const proc::CrashRecord& record) {
    Transaction change = region_.begin();
    EFT_CHECK(change.write(process.phase, phase));
    EFT_CHECK(change.write(process.record, record));
    return change.commit_now();
}

Result<const Process*> ProcessTable::find(u32 pid) const {
    for (const Process& process : region_->processes) {
        if (process.is_known() && process.pid == pid) return &process;
    }
    return Error::NotFound;
}

Result<const Process*> ProcessTable::next(u32 after) const {
    const Process* best = nullptr;
    for (const Process& process : region_->processes) {
        if (process.is_known() && process.pid > after && (!best || process.pid < best->pid)) best = &process;
    }
    if (!best) return Error::NotFound;
    return best;
}

Status ProcessTable::keep(Slot persistent, CapHandle received) {
    Status moved = kernel_object::move(slot(WellKnown::Table), persistent, received.slot());
    if (moved.error() == Error::SlotOccupied) {  // a death has left something there
        drop(persistent);
        moved = kernel_object::move(slot(WellKnown::Table), persistent, received.slot());
    }
    EFT_CHECK(moved);
    return_slot(received.release());
    return {};
}

void ProcessTable::drop(Slot persistent) { static_cast<void>(kernel_object::remove(slot(WellKnown::Table), persistent)); }

}  // namespace eft::processes
