#include "crash_page.h"

#include "console.h"

#include <eft/invoke.h>
#include <eft/message_trace.h>

#include <array>

namespace eft::root {

namespace ko = kernel_object;

namespace {

constexpr std::size_t kShownRequests = 8, kShownLines = 6;

void print_line(std::string_view text) {
    print(text);
    print("\n");
}

// The server could write there what it liked.
void print_requests(Service& server) {
    std::array<u64, kTraceWords> words;
    std::copy_n(reinterpret_cast<const u64*>(&server.head().trace), words.size(), words.begin());
    std::array<TraceEntry, kTraceEntries> entries;
    const std::size_t count = read_trace(words, entries);
    print_line(count == 0 ? "It had taken no requests." : "Its last requests, the latest at the end (label, badge, answer):");
    for (std::size_t i = count > kShownRequests ? count - kShownRequests : 0; i < count; ++i) {
        FixedText<120> line("  0x");
        line.hex(Tag{entries[i].tag}.label(), 8).append(" ").address(entries[i].badge).append(" ");
        if (entries[i].answer == TraceEntry::kNone) line.append("none yet");
        else if (entries[i].answer == TraceEntry::kNobody) line.append("not wanted");
        else line.append(to_string(static_cast<Error>(Tag{entries[i].answer}.label())));
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

void inspect_dead(Service& server, proc::CrashRecord& record) {
    static_cast<void>(ko::suspend(server.thread()));
    const auto thread = ko::inspect_thread(server.thread());
    if (!thread.ok()) return;
    record.instruction = thread->instruction_pointer;
    record.stack = thread->get(UserRegister::Rsp);
    record.replies_delivered = thread->replies_delivered;
    server.trace(record.stack, record.backtrace.frames);
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

void print_crash_page(Service& server, const CoreState& state) {
    FixedText<kLogLineLimit> line("\nroot: the system cannot go on without ");
    line.append(server.name()).append(", which has ended ").decimal(state.deaths).append(state.deaths == 1 ? " time.\n" : " times.\n");
    print(line);
    line.clear();
    line.append("Cause: ");
    describe_cause(line, state.last_death);
    print_line(line.append(", stack at ").address(state.last_death.stack));
    if (const std::string_view words = field_text(server.head().last_words); !words.empty()) {
        print("Last words: ");
        print_line(words);
    }
    line.clear();
    line.append("Return addresses on its stack:");
    for (const u64 frame : state.last_death.backtrace.frames)
        if (frame != 0) line.append(" 0x").hex(frame);
    print_line(line);
    print_requests(server);
    print_log(server);
    print_line("root: everything has stopped. Reset the machine.");
}

}  // namespace eft::root
