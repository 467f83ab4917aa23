// The prompt: reads lines, runs commands, keeps the status of the last one.
//
// A command is a coroutine `Task<int> name(Shell&, const Arguments&)` that answers its status. Where it waits, for the disk,
// the clock or the terminal, commands in the background go on, and Ctrl-C ends it: its Task is destroyed, so whatever must
// be undone hangs on a named local. Work that is long without waiting yields now and then. A command that fails prints one
// line `NAME: what is wrong`.
#pragma once

#include "monitor/arguments.h"
#include "monitor/clock.h"
#include "monitor/command_line.h"
#include "monitor/completion.h"
#include "monitor/console.h"
#include "monitor/line_editor.h"

#include <eft/file.h>

#include <eft/idl/rs.h>

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

class Shell final : private Interruptible {
public:
    Shell(WakeLoop& loop, Slot supervisor);

    Status connect();
    // Never ends.
    Task<int> run();

    WakeLoop& loop() { return loop_; }
    Clock& clock() { return clock_; }
    Console& console() { return console_; }
    rs::RsClient<>& supervisor() { return supervisor_; }
    // The mounted file system, connected at the first use.
    Result<FileSystem*> files();

    Task<void> print(std::string_view text);
    // Prints `NAME: what is wrong` and answers status 1. Where `object` is a service that is held, it says what helps.
    Task<int> fail(const Arguments& given, std::string_view what);
    Task<int> fail(const Arguments& given, std::string_view object, Error error);
    // Until no command runs in the background.
    Task<void> background_ended();

private:
    // Runs a task in the foreground. False: Ctrl-C ended it.
    Task<bool> run_interruptible(Task<void> task);
    void interrupted() override;
    // Of a process that is not the first one: why it is there.
    Task<void> tell_last_death();
    Task<void> show_prompt();
    // Until a line or a script has been run, or dropped.
    Task<void> read_and_run();
    Task<void> complete();
    Task<void> find_candidates(Question question, std::vector<std::string>& found);
    Task<void> run_typed_line();
    Task<void> run_script();
    Task<std::optional<std::string>> read_script();
    Task<void> refuse_script();
    Task<void> run_lines(std::string_view lines);
    Task<void> run_line(std::string_view line);
    Task<int> run_command(Words words);
    Task<void> run_in_background(Words words);

    WakeLoop& loop_;
    Console console_;
    Clock clock_;
    FileSystem files_;
    rs::RsClient<> supervisor_;
    LineEditor editor_;
    int status_ = 0;
    enum class At { Prompt, Line, Script } at_ = At::Line;
    Task<void> foreground_;
    Completion<bool>* foreground_ended_ = nullptr;
    unsigned background_ = 0;
    WaitList waiting_for_background_;
};

std::span<const CommandEntry> all_commands();
// "NAME FORM", and in this column what it does.
std::string help_line(const CommandEntry& entry, std::size_t column);

constexpr std::string_view kConsoleService = "console";
constexpr std::size_t kMostCandidates = 1000;
// For the Tab key.
Task<std::vector<std::string>> candidates(Shell& shell, Question question);

// A result, whatever the interface says about restarts: here a lost call is an error like any other.
template <class T>
Result<T> settled(Result<T> result) {
    return result;
}
template <class T>
Result<T> settled(ipc::Unsettled<T> result) {
    return std::move(result).or_error();
}

// The forms of `service`.
std::string service_usage();

// Commands, by file.
Task<int> command_help(Shell&, const Arguments&);
Task<int> command_echo(Shell&, const Arguments&);
Task<int> command_sleep(Shell&, const Arguments&);
Task<int> command_wait(Shell&, const Arguments&);
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
Task<int> command_uptime(Shell&, const Arguments&);
Task<int> command_rpc(Shell&, const Arguments&);
Task<int> command_free(Shell&, const Arguments&);
Task<int> command_shutdown(Shell&, const Arguments&);
Task<int> command_reboot(Shell&, const Arguments&);

}  // namespace eft::monitor
