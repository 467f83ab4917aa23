// The death of a process, in two halves. First it is frozen and recorded, and its supervisor is told; it runs no more,
// but all that it had is still there, so that a device can be silenced while the memory that it may write to is nobody
// else's. When the supervisor reaps it, all is revoked, and its callers learn of it.
#pragma once

#include "memory.h"
#include "process_table.h"

#include <eft/service_config.h>

namespace eft::processes {

struct Cause {
    proc::DeathReason reason;
    int exit_status = 0;
    u32 vector = 0;
    u32 error_code = 0;
    u64 address = 0;
    u32 quota = 0;  // OutOfMemory: as the crash record has it
};

// What the answer to `Messages` points into.
struct Messages {
    u32 count = 0;
    std::array<u64, kTraceEntries> tags, badges, times, answers;
};

// A line in proc's log: "NAME: WHAT WHY".
void note(std::string_view name, std::string_view what, std::string_view why);
void note(std::string_view name, std::string_view what, Error why);

class Reaper {
public:
    Reaper(Memory& memory, ProcessTable& processes) : memory_(memory), processes_(processes) {}

    // Does nothing to a process that is dead.
    Status freeze(const Process& process, const Cause& cause);
    // One that is Freezing, to its end; and what is to be signalled, if an incarnation of proc died before it did.
    Status finish_freezing(const Process& process);
    void tell_death(const Process& process);
    // Afterwards everything that it had is gone but its crash record, which has the moment; or its memory is there, too, and nothing
    // of it runs.
    proc::CrashRecord reap(const Process& process, bool leaves_memory);
    // Of one that is dead: what it took last. Its memory is still there.
    void read_messages(const Process& process, Messages& messages);

private:
    void trace(const Process& process, proc::CrashRecord& record);

    Memory& memory_;
    ProcessTable& processes_;
    std::array<u64, kTraceWords> words_{};  // read from the dead process's memory
};

}  // namespace eft::processes
