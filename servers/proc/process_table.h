// What proc knows of each process, living or dead and not yet reaped. Process ids are never used again.
#pragma once

#include <eft/core_processes.h>
#include <eft/idl/proc.h>
#include <eft/layout.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace eft::processes {

// The id in a badge of proc's endpoint is that of the process: of the one that has the session, or whose exception it is.
using Kind = proc::Proc::SessionKind;
constexpr u32 pid_of(Badge badge) { return static_cast<u32>(ipc::session_id(badge)); }

struct AddressRange {
    u64 start = 0;
    u64 end = 0;
    bool contains(u64 address) const { return address >= start && address < end; }
};

// What the message to its supervisor points into.
struct Messages {
    u32 count = 0;
    std::array<u64, proc::LastMessages::kTagsMax> tags, badges, times, answers;
};

struct Process {
    static constexpr std::size_t kNameLength = 31;

    u32 pid = 0;  // 0: the record is not in use
    u32 parent = 0;
    bool core = false;  // root made it: it is listed, and not proc's to end
    bool dead = false;
    u32 space = 0;  // mem's id, 0: none
    char name[kNameLength + 1] = {};
    u64 entry = 0;
    AddressRange code;
    // Slots of proc's own table, None where there is nothing (any more).
    Slot session = Slot::None;  // of mem, until the process has it
    Slot thread = Slot::None;
    Slot table = Slot::None;
    Slot death = Slot::None;  // signalled when it has died
    u32 table_slots = 0;
    bool has_process_session = false;
    proc::CrashRecord record;  // once it is dead

    std::string_view name_text() const { return name; }
    void set_name(std::string_view text) {
        const std::size_t length = std::min(text.size(), kNameLength);
        std::copy_n(text.data(), length, name);
        name[length] = 0;
    }
};

class ProcessTable {
public:
    static constexpr u32 kCapacity = 64 + kCoreProcesses.size();

    Result<Process*> take() {
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
    // One that runs since before there was a proc. `thread` is for looking only.
    Status adopt(std::string_view name, u32 parent, Slot thread) {
        EFT_TRY(Process * process, take());
        process->core = true;
        process->parent = parent;
        process->thread = thread;
        process->set_name(name);
        return {};
    }
    void give(Process& process) { process.pid = 0; }

    // Apart from the record, which is made new for each process.
    Messages& messages_of(const Process& process) { return messages_[static_cast<std::size_t>(&process - processes_.data())]; }

    Result<Process*> find(u32 pid) {
        for (Process& process : processes_) {
            if (pid != 0 && process.pid == pid) return &process;
        }
        return Error::NotFound;
    }
    Result<Process*> next(u32 after) {
        Process* best = nullptr;
        for (Process& process : processes_) {
            if (process.pid > after && (!best || process.pid < best->pid)) best = &process;
        }
        if (!best) return Error::NotFound;
        return best;
    }

private:
    std::array<Process, kCapacity> processes_;
    std::array<Messages, kCapacity> messages_{};
    u32 last_pid_ = 0;
};

}  // namespace eft::processes
