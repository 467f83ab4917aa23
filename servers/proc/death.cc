#include "death.h"

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/text.h>

#include <cstddef>

namespace eft::processes {

namespace ko = kernel_object;

namespace {

constexpr std::string_view text_of(proc::DeathReason reason) {
    switch (reason) {
        case proc::DeathReason::Exit: return "exit";
        case proc::DeathReason::Exception: return "exception";
        case proc::DeathReason::PageFault: return "page fault";
        case proc::DeathReason::Hung: return "hung";
        case proc::DeathReason::StartFailed: return "start-up did not finish";
        case proc::DeathReason::Ordered: return "killed by order";
        case proc::DeathReason::Protocol: return "protocol violation";
        case proc::DeathReason::Doubted: return "doubtful answer";
        case proc::DeathReason::Overdue: return "overdue answers";
        case proc::DeathReason::OutOfMemory: return "out of memory";
        default: return "unknown";
    }
}

// What belonged to the incarnation: the named slots, and all scratch slots, which hold whatever it was sent.
void clear_table(const Process& process, Slot table) {
    const auto clear = [table](u32 first, u32 count) { static_cast<void>(ko::remove(table, static_cast<Slot>(first), count)); };
    for (const WellKnown which : {WellKnown::Thread, WellKnown::Memory, WellKnown::Process}) clear(raw(slot(which)), 1);
    clear(process.plan.first_reply, process.plan.replies);
    const u32 scratch = process.plan.first_scratch;
    if (process.table_slots > scratch) clear(scratch, process.table_slots - scratch);
}

}  // namespace

void note(std::string_view name, std::string_view what, std::string_view why) {
    FixedText<128> line;
    for (const std::string_view part : {name, std::string_view(": "), what, why}) line.append(part);
    log(line);
}
void note(std::string_view name, std::string_view what, Error why) { note(name, what, to_string(why)); }

Status Reaper::freeze(const Process& process, const Cause& cause) {
    if (process.phase != Process::Phase::Running) return {};
    proc::CrashRecord record;
    record.died_at = sys::time_stamp();
    record.reason = cause.reason;
    record.exit_status = cause.exit_status;
    record.vector = cause.vector;
    record.error_code = cause.error_code;
    record.address = cause.address;
    record.quota = cause.quota;
    EFT_CHECK(processes_.note_death(process, Process::Phase::Freezing, record));
    return finish_freezing(process);
}

Status Reaper::finish_freezing(const Process& process) {
    proc::CrashRecord record = process.record;
    const Slot thread_slot = processes_.thread_of(process);
    static_cast<void>(ko::suspend(thread_slot));
    if (const auto thread = ko::inspect_thread(thread_slot); thread.ok()) {
        record.instruction = thread->instruction_pointer;
        record.stack = thread->get(UserRegister::Rsp);
        record.replies_delivered = thread->replies_delivered;
        if (record.reason != proc::DeathReason::Exit) trace(process, record);
    }
    EFT_CHECK(processes_.note_death(process, Process::Phase::Dead, record));
    note(process.name_text(), "died: ", text_of(record.reason));
    tell_death(process);
    return {};
}

void Reaper::tell_death(const Process& process) {
    sys::signal(processes_.death_of(process));
    processes_.drop(processes_.death_of(process));
}

proc::CrashRecord Reaper::reap(const Process& process, bool leaves_memory) {
    if (leaves_memory) memory_.end_threads_of(process.pid);
    else memory_.destroy_space_of(process.pid);
    clear_table(process, processes_.table_of(process));
    for (const Slot own : {processes_.thread_of(process), processes_.table_of(process), processes_.death_of(process)}) processes_.drop(own);
    proc::CrashRecord record = process.record;
    record.gone_at = sys::time_stamp();
    return record;
}

// The program could write there what it liked: numbers to show, and nothing else.
void Reaper::read_messages(const Process& process, Messages& messages) {
    constexpr u64 kTrace = layout::kPersistentAddress + offsetof(PersistentHead, trace);
    messages.count = 0;
    if (process.record.reason == proc::DeathReason::Exit && process.record.exit_status == 0) return;
    if (memory_.read(process.space, kTrace, words_).size() < kTraceWords) return;
    std::array<TraceEntry, kTraceEntries> entries;
    const std::size_t count = read_trace(std::span(words_).first<kTraceWords>(), entries);
    for (; messages.count < count; ++messages.count) {
        const TraceEntry& entry = entries[messages.count];
        messages.tags[messages.count] = entry.tag;
        messages.badges[messages.count] = entry.badge;
        messages.times[messages.count] = entry.time;
        messages.answers[messages.count] = entry.answer;
    }
}

// Programs keep no frame pointers: every word of the innermost stack page that is an address in the code counts as a
// return address, although older calls may have left some.
void Reaper::trace(const Process& process, proc::CrashRecord& record) {
    std::size_t found = 0;
    for (const u64 word : memory_.read(process.space, record.stack & ~u64{7}, words_)) {
        if (!process.code.contains(word)) continue;
        record.backtrace.frames[found++] = word;
        if (found == std::size(record.backtrace.frames)) return;
    }
}

}  // namespace eft::processes
