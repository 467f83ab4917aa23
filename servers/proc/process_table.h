// What proc knows of each process, living or dead and not yet reaped. Process ids are never used again.
//
//   Free --> Spawning --> Running --> Freezing --> Dead --> (Leaving -->) Free
//             |    ^                                         ^
//             |    +--> Prepared ----------------------------+
//             +----------------------------------------------+
// Spawning and Freezing are intents (server.h). Prepared has not been asked for yet (proc.fbs), of Leaving there is nothing but its
// space with mem: nobody hears of these two. The records lie in proc's state region and change in transactions; what proc
// holds of a process lies in persistent slots.
#pragma once

#include <eft/cap.h>
#include <eft/core_processes.h>
#include <eft/idl/proc.h>
#include <eft/layout.h>
#include <eft/message_trace.h>
#include <eft/session_slots.h>
#include <eft/state/region.h>

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

struct Process {
    static constexpr std::size_t kNameLength = 31;
    enum class Phase : u8 { Free, Spawning, Running, Freezing, Dead, Prepared, Leaving };

    Phase phase = Phase::Free;
    bool core = false;  // root made it: it is listed, and not proc's to end
    u32 pid = 0;
    u32 parent = 0;
    u32 space = 0;  // mem's id, 0: none, or not known yet
    char name[kNameLength + 1] = {};
    u64 entry = 0;
    AddressRange code;
    Slot core_thread = Slot::None;  // as root has shown it
    u32 table_slots = 0;
    TablePlan plan = table_plan();  // of its table
    proc::CrashRecord record{};     // once it is dead; its cause before

    u64 made_for = 0;               // the request that it was prepared for (spawn.h)

    bool used() const { return phase != Phase::Free; }
    bool is_known() const { return used() && phase != Phase::Prepared && phase != Phase::Leaving; }
    bool is_dead() const { return phase == Phase::Dead; }
    std::string_view name_text() const { return name; }
    void set_name(std::string_view text);
};

constexpr u32 kMostProcesses = 64 + kCoreProcesses.size();

struct State {
    u32 last_pid = 0;
    std::array<Process, kMostProcesses> processes{};
};
constexpr u32 kStateVersion = 1;
using Region = StateRegion<State, 2048 - sizeof(RegionHeader)>;
constexpr std::size_t kStateBytes = Region::kBytes;

// Three slots for each process, core processes included.
constexpr u32 kPersistentSlots = 3 * kMostProcesses;

class ProcessTable {
public:
    // `memory` is kStateBytes long.
    explicit ProcessTable(std::span<std::byte> memory);

    Region& region() { return region_; }

    // A record, Spawning, with a new id. LimitReached: all records are in use, or all ids were.
    Result<const Process*> take(const Process& plan);
    // One that runs since before there was a proc. `thread` is for looking only.
    Status adopt(std::string_view name, u32 parent, Slot thread);
    Status give_back(const Process& process);
    Status change_phase(const Process& process, Process::Phase phase);
    Status note_death(const Process& process, Process::Phase phase, const proc::CrashRecord& record);

    // NotFound: there is none with this id, or with any above `after`.
    Result<const Process*> find(u32 pid) const;
    Result<const Process*> next(u32 after) const;
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Process& process : region_->processes)
            if (process.used()) visit(process);
    }

    // Of what is proc's own: the thread, the table, and what is signalled when it has died. Empty where there is nothing (any more).
    Slot thread_of(const Process& process) const { return process.core ? process.core_thread : slot_of(process, 0); }
    Slot table_of(const Process& process) const { return slot_of(process, 1); }
    Slot death_of(const Process& process) const { return slot_of(process, 2); }
    // Moves a capability there, in place of what lies there.
    Status keep(Slot persistent, CapHandle received);
    void drop(Slot persistent);

private:
    std::size_t place_of(const Process& process) const { return static_cast<std::size_t>(&process - region_->processes.data()); }
    Slot slot_of(const Process& process, u32 which) const { return slots_.at(static_cast<u32>(3 * place_of(process)) + which); }

    Region region_;
    SessionSlots slots_;
};

}  // namespace eft::processes
