// What proc knows of each process, living or dead and not yet reaped. Process ids are never used again.
#pragma once

#include <eft/core_processes.h>
#include <eft/idl/proc.h>
#include <eft/layout.h>

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
    TablePlan plan = table_plan();  // of its table
    bool has_process_session = false;
    proc::CrashRecord record;  // once it is dead

    std::string_view name_text() const { return name; }
    void set_name(std::string_view text);
};

// Plain data; zeros are an empty table.
class ProcessTable {
public:
    static constexpr u32 kCapacity = 64 + kCoreProcesses.size();

    // LimitReached: all records are in use, or all ids were.
    Result<Process*> take();
    // One that runs since before there was a proc. `thread` is for looking only.
    Status adopt(std::string_view name, u32 parent, Slot thread);
    void give(Process& process) { process.pid = 0; }

    // Apart from the record, which is made new for each process.
    Messages& messages_of(const Process& process) { return messages_[static_cast<std::size_t>(&process - processes_.data())]; }

    // NotFound: there is none with this id, or with any above `after`.
    Result<Process*> find(u32 pid);
    Result<Process*> next(u32 after);

private:
    std::array<Process, kCapacity> processes_{};
    std::array<Messages, kCapacity> messages_{};
    u32 last_pid_ = 0;
};

}  // namespace eft::processes
