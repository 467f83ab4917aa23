#include "crash_page.h"

#include "console.h"

#include <eft/invoke.h>
#include <eft/message_trace.h>

#include <algorithm>
#include <array>

namespace eft::root {

namespace ko = kernel_object;

namespace {

constexpr std::size_t kShownRequests = 8, kShownLines = 6;

void print_line(std::string_view text) {
    print(text);
    print("\n");
}

void print_registers(const proc::RegisterValues& registers) {
    constexpr std::size_t kInLine = 3;
    FixedText<120> line;
    for (std::size_t i = 0; i < kDumpedRegisters; ++i) {
        line.append(" ").append(kRegisterNames[i]).append(" ").address(registers.of[i]);
        if ((i + 1) % kInLine != 0) continue;
        print_line(line);
        line.clear();
    }
}

// The server could write there what it liked.
void print_requests(const CrashDump& dump) {
    const std::size_t count = std::min<std::size_t>(dump.message_count, kTraceEntries);
    print_line(count == 0 ? "It had taken no requests." : "Its last requests, the latest at the end (label, badge, answer, words):");
    for (std::size_t i = count > kShownRequests ? count - kShownRequests : 0; i < count; ++i) {
        const TraceEntry& entry = dump.messages[i];
        FixedText<200> line("  0x");
        line.hex(Tag{entry.tag}.label(), 8).append(" ").address(entry.badge).append(" ");
        if (entry.answer == TraceEntry::kNone) line.append("none yet");
        else if (entry.answer == TraceEntry::kNobody) line.append("not wanted");
        else line.append(to_string(static_cast<Error>(Tag{entry.answer}.label())));
        for (std::size_t word = 0; word < std::min<std::size_t>(Tag{entry.tag}.words(), kTracedWords); ++word) line.append(" 0x").hex(entry.words[word]);
        print_line(line);
    }
}

void print_log(Service& server) {
    print_line("The end of its log:");
    // Once to count, once to show.
    std::size_t lines = 0;
    for (const bool show : {false, true}) {
        LogReader reader(server.log());
        char text[kLogLineLimit];
        std::size_t at = 0;
        for (auto line = reader.next(text); line.ok(); line = reader.next(text), ++at) {
            if (!show || at + kShownLines < lines) continue;
            print("  ");
            print_line(line->text);
        }
        lines = at;
    }
}

}  // namespace

void inspect_dead(Service& server, proc::CrashRecord& record, proc::RegisterValues& registers) {
    static_cast<void>(ko::suspend(server.thread()));
    const auto thread = ko::inspect_thread(server.thread());
    if (!thread.ok()) return;
    record.instruction = thread->instruction_pointer;
    record.stack = thread->get(UserRegister::Rsp);
    record.replies_delivered = thread->replies_delivered;
    std::copy_n(thread->registers, kDumpedRegisters, registers.of);
    server.trace(record.stack, record.backtrace.frames);
}

void write_dump(CrashDump& dump, Service& server, const CoreState& state, const proc::RegisterValues& registers) {
    store_word(dump.magic, 0);
    std::copy_n(server.config().name, sizeof dump.name, dump.name);
    std::copy_n(server.config().name, sizeof dump.program, dump.program);
    dump.pid = core_pid(server.name());
    dump.incarnation = state.incarnation;
    dump.deaths = state.deaths;
    dump.ordered = state.last_was_ordered;
    dump.boot_time = server.config().boot_time;
    dump.ticks_per_ms = server.config().ticks_per_ms;
    dump.record = state.last_death;
    dump.recovery = {.died = state.last_death.died_at};
    dump.registers = registers;
    std::array<u64, kTraceWords> words;
    std::copy_n(reinterpret_cast<const u64*>(&server.head().trace), words.size(), words.begin());
    dump.message_count = read_trace(words, dump.messages);
    store_word(dump.magic, kCrashDumpMagic);
}

void describe_cause(FixedText<kLogLineLimit>& line, const proc::CrashRecord& record) {
    switch (record.reason) {
        case proc::DeathReason::PageFault: line.append("page fault at ").address(record.address); break;
        case proc::DeathReason::Exception: line.append("CPU exception ").decimal(record.vector); break;
        case proc::DeathReason::Ordered: line.append("an order"); break;
        case proc::DeathReason::Hung: line.append("missed heartbeats"); break;
        default: line.append("unknown");
    }
    line.append(", instruction at ").address(record.instruction);
}

void print_crash_page(Service& server, const CrashDump& dump) {
    FixedText<kLogLineLimit> line("\nroot: the system cannot go on without ");
    line.append(server.name()).append(", which has ended ").decimal(dump.deaths).append(dump.deaths == 1 ? " time.\n" : " times.\n");
    print(line);
    line.clear();
    line.append("Cause: ");
    describe_cause(line, dump.record);
    print_line(line);
    if (const std::string_view words = field_text(server.head().last_words); !words.empty()) {
        print("Last words: ");
        print_line(words);
    }
    print_registers(dump.registers);
    line.clear();
    line.append("Return addresses on its stack:");
    for (const u64 frame : dump.record.backtrace.frames)
        if (frame != 0) line.append(" 0x").hex(frame);
    print_line(line);
    print_requests(dump);
    print_log(server);
    print_line("root: everything has stopped. Reset the machine.");
}

}  // namespace eft::root
