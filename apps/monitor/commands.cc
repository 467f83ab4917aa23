// The table of commands, and those that are about the prompt itself.
#include "monitor/shell.h"

#include <eft/text.h>

namespace eft::monitor {
namespace {

constexpr CommandEntry kCommands[] = {
    {"help", "", "this list", command_help},
    {"service", "list|info|kill|restart|stop|start|wait|watch|fault [NAME] [--signal kill|hang|crash] [COUNT]", "services, and orders to them",
     command_service},
    {"ps", "", "processes", command_ps},
    {"ls", "[-a] [-l] [PATH...]", "what is in a directory", command_ls},
    {"cat", "PATH...", "the contents of files", command_cat},
    {"stat", "PATH...", "all about a file", command_stat},
    {"sha256sum", "PATH...", "checksums of files", command_sha256sum},
    {"df", "", "how full the file system is", command_df},
    {"mount", "", "what is mounted", command_mount},
    {"sync", "", "waits until everything is on the disk", command_sync},
    {"log", "[NAME]", "the system's log, newest last", command_log},
    {"rpc", "[SERVICE [METHOD [JSON]]]", "any call of any service; with less, what there is to call", command_rpc},
    {"uptime", "", "time since the machine started", command_uptime},
    {"free", "", "memory in use", command_free},
    {"echo", "[WORD...]", "prints its words; $? is the last status", command_echo},
    {"sleep", "MS", "does nothing for so many milliseconds", command_sleep},
    {"wait", "", "until no command runs in the background", command_wait},
    {"shutdown", "", "switches the machine off", command_shutdown},
    {"reboot", "", "starts the machine again", command_reboot},
};

}  // namespace

std::span<const CommandEntry> all_commands() { return kCommands; }

Task<int> command_help(Shell& shell, const Words&) {
    std::string text;
    for (const CommandEntry& entry : kCommands) {
        FixedText<160> line;
        line.append(entry.name);
        if (!entry.arguments.empty()) line.append(' ').append(entry.arguments);
        line.column(28).append(entry.help).append('\n');
        text.append(line.view());
    }
    text.append("; separates commands, & at the end runs one in the background\n");
    co_await shell.print(text);
    co_return 0;
}

Task<int> command_echo(Shell& shell, const Words& words) {
    std::string line;
    for (std::size_t i = 1; i < words.size(); ++i) line.append(i == 1 ? "" : " ").append(words[i]);
    line.push_back('\n');
    co_await shell.print(line);
    co_return 0;
}

Task<int> command_sleep(Shell& shell, const Words& words) {
    constexpr u64 kLongest = 24ull * 60 * 60 * 1000;
    int status = 0;
    Result<u64> milliseconds = Error::InvalidArgument;
    if (words.size() == 2) milliseconds = parse_u64(words[1]);
    if (!milliseconds.ok() || *milliseconds > kLongest) {
        status = co_await shell.fail(words, "a number of milliseconds is wanted");
        co_return status;
    }
    Status slept = co_await shell.clock().sleep(*milliseconds * 1'000'000);
    if (!slept.ok()) status = co_await shell.fail(words, "timer", slept.error());
    co_return status;
}

Task<int> command_wait(Shell& shell, const Words&) {
    co_await shell.background_ended();
    co_return 0;
}

}  // namespace eft::monitor
