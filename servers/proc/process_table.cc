#include "process_table.h"

#include <algorithm>

namespace eft::processes {

void Process::set_name(std::string_view text) {
    const std::size_t length = std::min(text.size(), kNameLength);
    std::copy_n(text.data(), length, name);
    name[length] = 0;
}

Result<Process*> ProcessTable::take() {
    if (last_pid_ == ~u32{0}) return Error::LimitReached;
    for (Process& process : processes_) {
        if (process.pid != 0) continue;
        process = {};
        process.pid = ++last_pid_;
        messages_of(process).count = 0;
        return &process;
    }
    return Error::LimitReached;
}

Status ProcessTable::adopt(std::string_view name, u32 parent, Slot thread) {
    EFT_TRY(Process * process, take());
    process->core = true;
    process->parent = parent;
    process->thread = thread;
    process->set_name(name);
    return {};
}

Result<Process*> ProcessTable::find(u32 pid) {
    for (Process& process : processes_) {
        if (pid != 0 && process.pid == pid) return &process;
    }
    return Error::NotFound;
}

Result<Process*> ProcessTable::next(u32 after) {
    Process* best = nullptr;
    for (Process& process : processes_) {
        if (process.pid > after && (!best || process.pid < best->pid)) best = &process;
    }
    if (!best) return Error::NotFound;
    return best;
}

}  // namespace eft::processes
