// Commands about the machine: processes, memory, time, the log, its end.
#include "monitor/format.h"
#include "monitor/shell.h"

#include <eft/session.h>

#include <eft/idl/log.h>

namespace eft::monitor {
namespace {

// The output that the console driver has taken needs a moment to reach the line before the machine ends.
constexpr u64 kLastWords = 50'000'000;

Task<void> say_last_words(Shell& shell) {
    co_await shell.console().drained();
    [[maybe_unused]] Status slept = co_await shell.clock().sleep(kLastWords);
}

}  // namespace

Task<int> command_ps(Shell& shell, const Words& words) {
    static proc::ProcClient<> processes{CapHandle(slot(WellKnown::Process))};
    std::string text = process_header();
    proc::Cursor cursor;
    for (;;) {
        auto line = settled(processes.next(cursor));
        if (!line.ok()) {
            if (line.error() == Error::NotFound) break;
            const int failed = co_await shell.fail(words, "proc", line.error());
            co_return failed;
        }
        if (line->pid <= cursor.after) break;
        cursor.after = line->pid;
        text.append(process_line(*line));
    }
    co_await shell.print(text);
    co_return 0;
}

Task<int> command_free(Shell& shell, const Words& words) {
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    auto usage = settled(memory.info());
    int status = 0;
    if (!usage.ok()) {
        status = co_await shell.fail(words, "mem", usage.error());
        co_return status;
    }
    const std::string text = memory_text(*usage);
    co_await shell.print(text);
    co_return status;
}

Task<int> command_uptime(Shell& shell, const Words& words) {
    Result<u64> now = shell.clock().now();
    int status = 0;
    if (!now.ok()) {
        status = co_await shell.fail(words, "timer", now.error());
        co_return status;
    }
    const std::string text = uptime_text(*now);
    co_await shell.print(text);
    co_return status;
}

Task<int> command_log(Shell& shell, const Words& words) {
    static std::optional<syslog::LogClient<>> log;  // one session for all times: names keeps each until we end
    int status = 0;
    if (!log) {
        Result<CapHandle> session = connect("log");
        if (!session.ok()) {
            status = co_await shell.fail(words, "log", session.error());
            co_return status;
        }
        log.emplace(std::move(*session));
    }
    syslog::From request;
    if (words.size() > 1) request.service = std::string_view(words[1]).substr(0, syslog::From::kServiceMax);
    for (;;) {
        auto lines = settled(log->read(request));
        if (!lines.ok()) {
            status = co_await shell.fail(words, words.size() > 1 ? std::string_view(words[1]) : "log", lines.error());
            co_return status;
        }
        if (lines->text.empty() || lines->next <= request.cursor) break;
        request.cursor = lines->next;
        const std::string text(lines->text);
        co_await shell.print(text);
    }
    co_return status;
}

// Nothing can be unwritten: what is mounted is read-only.
Task<int> command_shutdown(Shell& shell, const Words& words) {
    co_await say_last_words(shell);
    auto done = settled(shell.supervisor().shutdown({}));
    const int status = co_await shell.fail(words, "rs", done.error());
    co_return status;
}

Task<int> command_reboot(Shell& shell, const Words& words) {
    co_await say_last_words(shell);
    auto done = settled(shell.supervisor().reboot({}));
    const int status = co_await shell.fail(words, "rs", done.error());
    co_return status;
}

}  // namespace eft::monitor
