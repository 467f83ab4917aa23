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

Task<int> command_ps(Shell& shell, const Arguments& given) {
    static proc::ProcClient<> processes{CapHandle(slot(WellKnown::Process))};
    std::string text = process_header();
    proc::Cursor cursor;
    for (;;) {
        auto line = settled(processes.next(cursor));
        if (!line.ok()) {
            if (line.error() == Error::NotFound) break;
            const int failed = co_await shell.fail(given, "proc", line.error());
            co_return failed;
        }
        if (line->pid <= cursor.after) break;
        cursor.after = line->pid;
        text.append(process_line(*line));
    }
    co_await shell.print(text);
    co_return 0;
}

Task<int> command_free(Shell& shell, const Arguments& given) {
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    auto usage = settled(memory.info());
    int status = 0;
    if (!usage.ok()) {
        status = co_await shell.fail(given, "mem", usage.error());
        co_return status;
    }
    const std::string text = memory_text(*usage);
    co_await shell.print(text);
    co_return status;
}

Task<int> command_uptime(Shell& shell, const Arguments& given) {
    Result<u64> now = shell.clock().now();
    int status = 0;
    if (!now.ok()) {
        status = co_await shell.fail(given, "timer", now.error());
        co_return status;
    }
    const std::string text = uptime_text(*now);
    co_await shell.print(text);
    co_return status;
}

Task<int> command_log(Shell& shell, const Arguments& given) {
    static std::optional<syslog::LogClient<>> log;  // one session for all times: names keeps each until we end
    int status = 0;
    if (!log) {
        Result<CapHandle> session = connect("log");
        if (!session.ok()) {
            status = co_await shell.fail(given, "log", session.error());
            co_return status;
        }
        log.emplace(std::move(*session));
    }
    syslog::From request;
    const std::string_view service = given.words.empty() ? std::string_view() : std::string_view(given.words[0]);
    if (service.size() > syslog::From::kServiceMax) {
        status = co_await shell.fail(given, service, Error::NotFound);
        co_return status;
    }
    request.service = service;
    for (;;) {
        auto lines = settled(log->read(request));
        if (!lines.ok()) {
            status = co_await shell.fail(given, service.empty() ? "log" : service, lines.error());
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
Task<int> command_shutdown(Shell& shell, const Arguments& given) {
    co_await say_last_words(shell);
    auto done = settled(shell.supervisor().shutdown({}));
    const int status = co_await shell.fail(given, "rs", done.error());
    co_return status;
}

Task<int> command_reboot(Shell& shell, const Arguments& given) {
    co_await say_last_words(shell);
    auto done = settled(shell.supervisor().reboot({}));
    const int status = co_await shell.fail(given, "rs", done.error());
    co_return status;
}

}  // namespace eft::monitor
