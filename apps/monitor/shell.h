// The prompt: reads lines, runs commands, keeps the status of the last one.
//
// A command is a coroutine `Task<int> name(Shell&, const Words&)` that answers its status. Where it waits, for the disk,
// the clock or the terminal, commands in the background go on. A command that fails prints one line `NAME: what is wrong`.
#pragma once

#include "monitor/clock.h"
#include "monitor/command_line.h"
#include "monitor/console.h"
#include "monitor/line_editor.h"

#include <eft/file.h>

#include <eft/idl/rs.h>

#include <span>

namespace eft::monitor {

class Shell;
using Words = std::vector<std::string>;

struct CommandEntry {
    std::string_view name;
    std::string_view arguments;
    std::string_view help;
    Task<int> (*run)(Shell&, const Words&);
};

class Shell {
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
    // Prints `NAME: what is wrong` and answers status 1.
    Task<int> fail(const Words& words, std::string_view what);
    Task<int> fail(const Words& words, std::string_view object, Error error);
    // Until no command runs in the background.
    Task<void> background_ended();

private:
    Task<void> run_line(std::string line);
    Task<int> run_command(Words words);
    Task<void> run_in_background(Words words);

    WakeLoop& loop_;
    Console console_;
    Clock clock_;
    FileSystem files_;
    rs::RsClient<> supervisor_;
    LineEditor editor_;
    int status_ = 0;
    bool at_prompt_ = false;
    unsigned background_ = 0;
    std::vector<Completion<bool>*> waiting_for_background_;
};

std::span<const CommandEntry> all_commands();

// A result, whatever the interface says about restarts: here a lost call is an error like any other.
template <class T>
Result<T> settled(Result<T> result) {
    return result;
}
template <class T>
Result<T> settled(ipc::Unsettled<T> result) {
    return std::move(result).or_error();
}

// Commands, by file.
Task<int> command_help(Shell&, const Words&);
Task<int> command_echo(Shell&, const Words&);
Task<int> command_sleep(Shell&, const Words&);
Task<int> command_wait(Shell&, const Words&);
Task<int> command_service(Shell&, const Words&);
Task<int> command_ls(Shell&, const Words&);
Task<int> command_cat(Shell&, const Words&);
Task<int> command_stat(Shell&, const Words&);
Task<int> command_sha256sum(Shell&, const Words&);
Task<int> command_df(Shell&, const Words&);
Task<int> command_mount(Shell&, const Words&);
Task<int> command_sync(Shell&, const Words&);
Task<int> command_ps(Shell&, const Words&);
Task<int> command_log(Shell&, const Words&);
Task<int> command_uptime(Shell&, const Words&);
Task<int> command_rpc(Shell&, const Words&);
Task<int> command_free(Shell&, const Words&);
Task<int> command_shutdown(Shell&, const Words&);
Task<int> command_reboot(Shell&, const Words&);

}  // namespace eft::monitor
