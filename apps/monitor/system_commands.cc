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

// Lines from the cursor on, which goes behind them; none: that was all.
Result<std::string> log_lines(syslog::From& request) {
    static std::optional<syslog::LogClient<ipc::DetourTransport>> log;  // one session for all times: names keeps each until we end
    if (!log) {
        EFT_TRY(CapHandle session, connect("log"));
        log.emplace(std::move(session));
    }
    const auto lines = settled(log->read(request));
    if (!lines.ok()) return lines.error();
    if (lines->next <= request.cursor) return std::string();
    request.cursor = lines->next;
    return std::string(lines->text);
}

Task<Result<std::string>> read_log(Shell& shell, Turns& turns, syslog::From& request) {
    Turns::Turn turn(turns);
    co_await turn.come();
    Result<std::string> lines = co_await shell.call([&] { return log_lines(request); });
    co_return std::move(lines);
}

}  // namespace

Task<int> command_ps(Shell& shell, const Arguments& given) {
    static proc::ProcClient<ipc::DetourTransport> processes{CapHandle(slot(WellKnown::Process))};
    std::string text = process_header();
    const Status good = co_await shell.call([&]() -> Status {
        for (proc::Cursor cursor;;) {
            auto line = settled(processes.next(cursor));
            if (!line.ok()) return line.error() == Error::NotFound ? Status() : Status(line.error());
            if (line->pid <= cursor.after) return {};
            cursor.after = line->pid;
            text.append(process_line(*line));
        }
    });
    int status = 0;
    if (good.ok()) co_await shell.print(text);
    else status = co_await shell.fail(given, "proc", good.error());
    co_return status;
}

Task<int> command_free(Shell& shell, const Arguments& given) {
    static mem::MemClient<ipc::DetourTransport> memory{CapHandle(slot(WellKnown::Memory))};
    const Result<std::string> text = co_await shell.call([]() -> Result<std::string> {
        auto usage = settled(memory.info());
        if (!usage.ok()) return usage.error();
        return memory_text(*usage);
    });
    int status = 0;
    if (!text.ok()) {
        status = co_await shell.fail(given, "mem", text.error());
        co_return status;
    }
    co_await shell.print(*text);
    co_return status;
}

Task<int> command_uptime(Shell& shell, const Arguments& given) {
    const Result<u64> now = co_await shell.clock().now();
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
    static Turns turns;  // those who wait for a server that hangs wait with one thread
    syslog::From request;
    const std::string_view service = given.words.empty() ? std::string_view() : std::string_view(given.words[0]);
    int status = 0;
    if (service.size() > syslog::From::kServiceMax) {
        status = co_await shell.fail(given, service, Error::NotFound);
        co_return status;
    }
    request.service = service;
    for (;;) {
        const Result<std::string> text = co_await read_log(shell, turns, request);
        if (!text.ok()) status = co_await shell.fail(given, service.empty() ? "log" : service, text.error());
        if (!text.ok() || text->empty()) co_return status;
        co_await shell.print(*text);
    }
}

// Nothing can be unwritten: what is mounted is read-only.
Task<int> command_shutdown(Shell& shell, const Arguments& given) {
    co_await say_last_words(shell);
    const Error error = co_await shell.call([&] { return settled(shell.supervisor().shutdown({})).error(); });
    const int status = co_await shell.fail(given, "rs", error);
    co_return status;
}

Task<int> command_reboot(Shell& shell, const Arguments& given) {
    co_await say_last_words(shell);
    const Error error = co_await shell.call([&] { return settled(shell.supervisor().reboot({})).error(); });
    const int status = co_await shell.fail(given, "rs", error);
    co_return status;
}

}  // namespace eft::monitor
