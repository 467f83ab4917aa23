// The death of a process, in two halves. First it is frozen and recorded, and its supervisor is told; it runs no more,
// but all that it had is still there, so that a device can be silenced while the memory that it may write to is nobody
// else's. When the supervisor reaps it, all is revoked, and its callers learn of it.
#pragma once

#include "process_table.h"

#include <eft/layout.h>
#include <eft/service_config.h>

#include <cstddef>
#include <span>

namespace eft::processes {

struct Cause {
    proc::DeathReason reason;
    int exit_status = 0;
    u32 vector = 0;
    u32 error_code = 0;
    u64 address = 0;
};

constexpr std::string_view text_of(proc::DeathReason reason) {
    switch (reason) {
        case proc::DeathReason::Exit: return "exit";
        case proc::DeathReason::Exception: return "exception";
        case proc::DeathReason::PageFault: return "page fault";
        case proc::DeathReason::Hung: return "hung";
        case proc::DeathReason::StartFailed: return "start-up did not finish";
        case proc::DeathReason::Ordered: return "killed by order";
        case proc::DeathReason::Protocol: return "protocol violation";
        case proc::DeathReason::Overdue: return "overdue answers";
        default: return "unknown";
    }
}

template <class Environment>
class Reaper {
public:
    Reaper(Environment& environment, ProcessTable& processes) : environment_(environment), processes_(processes) {}

    void freeze(Process& process, const Cause& cause) {
        if (process.dead) return;
        process.dead = true;
        write_record(process, cause);
        environment_.note(process.name_text(), "died: ", text_of(cause.reason));
        environment_.signal(process.death);
        environment_.drop(std::exchange(process.death, Slot::None));
    }

    // Afterwards everything that it had is gone but its crash record.
    void reap(Process& process) {
        environment_.destroy_space(process.space);
        process.space = 0;
        clear_table(process);
        for (Slot* slot : {&process.thread, &process.table, &process.session})
            environment_.drop(std::exchange(*slot, Slot::None));
        process.record.gone_at = environment_.now();
    }

private:
    void write_record(Process& process, const Cause& cause) {
        proc::CrashRecord& record = process.record;
        record = {};
        record.died_at = environment_.now();
        record.reason = cause.reason;
        record.exit_status = cause.exit_status;
        record.vector = cause.vector;
        record.error_code = cause.error_code;
        record.address = cause.address;
        environment_.suspend(process.thread);
        if (cause.reason != proc::DeathReason::Exit || cause.exit_status != 0) copy_messages(process);
        const auto thread = environment_.inspect(process.thread);
        if (!thread.ok()) return;
        record.instruction = thread->instruction_pointer;
        record.stack = thread->stack_pointer;
        record.replies_delivered = thread->replies_delivered;
        if (cause.reason != proc::DeathReason::Exit) trace(process);
    }

    // The program could write there what it liked: numbers to show, and nothing else.
    void copy_messages(Process& process) {
        constexpr u64 kTrace = layout::kPersistentAddress + offsetof(PersistentHead, trace);
        if (environment_.read_memory(process.space, kTrace, words_).size() < kTraceWords) return;
        std::array<TraceEntry, kTraceEntries> entries;
        const std::size_t count = read_trace(std::span(words_).template first<kTraceWords>(), entries);
        Messages& messages = processes_.messages_of(process);
        for (messages.count = 0; messages.count < count; ++messages.count) {
            const TraceEntry& entry = entries[messages.count];
            messages.tags[messages.count] = entry.tag;
            messages.badges[messages.count] = entry.badge;
            messages.times[messages.count] = entry.time;
            messages.answers[messages.count] = entry.answer;
        }
    }

    // Programs keep no frame pointers: every word of the innermost stack page that is an address in the code counts as
    // a return address, although older calls may have left some.
    void trace(Process& process) {
        const std::span<u64> words = environment_.read_memory(process.space, process.record.stack & ~u64{7}, words_);
        std::size_t found = 0;
        for (const u64 word : words) {
            if (!process.code.contains(word)) continue;
            process.record.backtrace.frames[found++] = word;
            if (found == std::size(process.record.backtrace.frames)) return;
        }
    }

    // What belonged to the incarnation: the named slots, and all scratch slots, which hold whatever it was sent.
    void clear_table(Process& process) {
        environment_.clear(process.table, WellKnown::Thread, 1);
        environment_.clear(process.table, WellKnown::Memory, 1);
        environment_.clear(process.table, WellKnown::Process, 1);
        environment_.clear(process.table, WellKnown::FirstReply, kSpareReplies);
        const u32 scratch = static_cast<u32>(WellKnown::FirstScratch);
        if (process.table_slots > scratch)
            environment_.clear(process.table, WellKnown::FirstScratch, process.table_slots - scratch);
    }

    Environment& environment_;
    ProcessTable& processes_;
    std::array<u64, kTraceWords> words_{};  // read from the dead
};

}  // namespace eft::processes
