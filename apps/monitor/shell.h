// The prompt: reads lines, runs commands, keeps the status of the last one. Jobs are commands in the background (jobs.cc).
//
// A command is a coroutine `Task<int> name(Shell&, const Arguments&)` that answers its status. Where it waits, for the disk,
// the clock, the terminal or the answer of a server (call() and with_files()), commands in the background go on, and Ctrl-C
// ends it: its Task is destroyed, so whatever must be undone hangs on a named local. Work that is long without waiting yields
// now and then. A command that fails prints one line `NAME: what is wrong`.
#pragma once

#include "monitor/arguments.h"
#include "monitor/calls.h"
#include "monitor/clock.h"
#include "monitor/command_line.h"
#include "monitor/completion.h"
#include "monitor/console.h"
#include "monitor/line_editor.h"
#include "monitor/supervisor.h"
#include "monitor/turns.h"

#include <eft/file.h>
#include <eft/socket/sockets.h>

#include <memory>
#include <optional>
#include <span>

namespace eft::monitor {

class Shell;
using Words = std::vector<std::string>;

struct CommandEntry {
    std::string_view name;
    std::string_view arguments;  // its form (arguments.h)
    std::string_view help;
    Task<int> (*run)(Shell&, const Arguments&);
    bool takes_anything = false;  // its words are no options, and as many as they like
};

constexpr std::string_view kFileService = "file/0";

class Shell final : private Interruptible, private ipc::Detours {
public:
    Shell(WakeLoop& loop, Slot supervisor);

    Status connect();
    // Never ends.
    Task<int> run();

    WakeLoop& loop() { return loop_; }
    Clock& clock() { return clock_; }
    Console& console() { return console_; }
    Supervisor& supervisor() { return supervisor_; }
    Calls& calls() { return calls_; }
    // What a function answers that calls servers by stubs; everybody else goes on meanwhile.
    template <class Function>
    auto call(Function function) {
        return calls_.run(std::move(function));
    }
    // The same for a function of the mounted file system, which is connected at the first use.
    template <class Function>
    Task<std::invoke_result_t<Function&, FileSystem&>> with_files(Function function);
    socket::Sockets& sockets() { return sockets_; }

    Task<void> print(std::string_view text);
    // Prints `NAME: what is wrong` and answers status 1. Where `object` is a service that is held, it says what helps.
    Task<int> fail(const Arguments& given, std::string_view what);
    Task<int> fail(const Arguments& given, std::string_view object, Error error);
    // Until no command runs in the background.
    Task<void> background_ended();
    // A line for each.
    std::string jobs_text() const;
    // False: there is no such job. It has ended after the next turn of the loop.
    bool end_job(unsigned number);

private:
    // Runs a task in the foreground. False: Ctrl-C ended it.
    Task<bool> run_interruptible(Task<void> task);
    void interrupted() override;
    Status connect_files();
    Task<void> run_in_turn(Turns& turns, void (*function)(void*), void* argument);
    // For the files that are read: one is opened again.
    Task<Status> run_detoured(Status (*function)(void*), void* argument) override;
    // Of a process that is not the first one: why it is there.
    Task<void> tell_last_death();
    Task<void> show_prompt();
    // Until a line or a script has been run, or dropped.
    Task<void> read_and_run();
    // False: Ctrl-C ended it, and dropped the line.
    Task<bool> complete();
    Task<void> find_candidates(Question question, std::vector<std::string>& found);
    Task<void> run_typed_line();
    Task<void> run_script();
    Task<std::optional<std::string>> read_script();
    Task<void> refuse_script();
    Task<void> run_lines(std::string_view lines);
    Task<void> run_line(std::string_view line);
    Task<int> run_command(Words words, bool in_background);
    struct Job {
        unsigned number;
        std::string line;
        Task<void> task = {};
        bool ended = false;
    };
    void start_job(Words words);
    Task<void> run_job(Job& job, Words words);
    Task<void> remove_ended_jobs();

    WakeLoop& loop_;
    Console console_;
    Calls calls_;
    Clock clock_;
    FileSystem files_;
    Turns files_turns_;
    socket::Sockets sockets_;
    Supervisor supervisor_;
    LineEditor editor_;
    int status_ = 0;
    enum class At { Prompt, Line, Script } at_ = At::Line;
    Task<void> foreground_;
    Completion<bool>* foreground_ended_ = nullptr;
    std::vector<std::unique_ptr<Job>> jobs_;
    WaitList waiting_for_background_;
};

template <class Function>
Task<std::invoke_result_t<Function&, FileSystem&>> Shell::with_files(Function function) {
    struct Run {
        Shell& shell;
        Function& function;
        std::optional<std::invoke_result_t<Function&, FileSystem&>> result = {};
    };
    Run run{*this, function};
    const auto run_now = [](void* of) {
        Run& that = *static_cast<Run*>(of);
        if (const Status connected = that.shell.connect_files(); !connected.ok()) that.result.emplace(connected.error());
        else that.result.emplace(that.function(that.shell.files_));
    };
    co_await run_in_turn(files_turns_, run_now, &run);
    co_return std::move(*run.result);
}

std::span<const CommandEntry> all_commands();
// "NAME FORM", and in this column what it does.
std::string help_line(const CommandEntry& entry, std::size_t column);

constexpr std::string_view kConsoleService = "console";
constexpr std::size_t kMostCandidates = 1000;
// For the Tab key.
Task<std::vector<std::string>> candidates(Shell& shell, Question question);

// The forms of `service`.
std::string service_usage();

// Commands, by file.
Task<int> command_help(Shell&, const Arguments&);
Task<int> command_echo(Shell&, const Arguments&);
Task<int> command_sleep(Shell&, const Arguments&);
Task<int> command_wait(Shell&, const Arguments&);
Task<int> command_jobs(Shell&, const Arguments&);
Task<int> command_kill(Shell&, const Arguments&);
Task<int> command_service(Shell&, const Arguments&);
Task<int> command_ls(Shell&, const Arguments&);
Task<int> command_cat(Shell&, const Arguments&);
Task<int> command_stat(Shell&, const Arguments&);
Task<int> command_sha256sum(Shell&, const Arguments&);
Task<int> command_df(Shell&, const Arguments&);
Task<int> command_mount(Shell&, const Arguments&);
Task<int> command_sync(Shell&, const Arguments&);
Task<int> command_ps(Shell&, const Arguments&);
Task<int> command_log(Shell&, const Arguments&);
Task<int> command_ip(Shell&, const Arguments&);
Task<int> command_ping(Shell&, const Arguments&);
Task<int> command_host(Shell&, const Arguments&);
Task<int> command_nc(Shell&, const Arguments&);
Task<int> command_fetch(Shell&, const Arguments&);
Task<int> command_uptime(Shell&, const Arguments&);
Task<int> command_rpc(Shell&, const Arguments&);
Task<int> command_free(Shell&, const Arguments&);
Task<int> command_shutdown(Shell&, const Arguments&);
Task<int> command_reboot(Shell&, const Arguments&);

}  // namespace eft::monitor
