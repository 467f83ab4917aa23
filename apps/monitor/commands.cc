// The table of commands, and those that are about the prompt itself.
#include "monitor/shell.h"

#include <eft/json.h>
#include <eft/text.h>

namespace eft::monitor {
namespace {

constexpr std::size_t kHelpColumn = 28;

constexpr CommandEntry kCommands[] = {
    {"help", "[COMMAND]", "this list, or how a command is used", command_help},
    {"service", "list|info|kill|restart|stop|start|wait|watch|fault [NAME...] [--signal kill|hang|crash]",
     "services, and orders to them; help service says more", command_service, true},
    {"ps", "", "processes", command_ps},
    {"ls", "[-a] [-l] [PATH...]", "what is in a directory", command_ls},
    {"cat", "PATH...", "the contents of files", command_cat},
    {"stat", "PATH...", "all about a file", command_stat},
    {"sha256sum", "PATH...", "checksums of files", command_sha256sum},
    {"df", "", "how full the file system is", command_df},
    {"mount", "", "what is mounted", command_mount},
    {"sync", "", "waits until everything is on the disk", command_sync},
    {"log", "[NAME]", "the system's log, newest last", command_log},
    {"rpc", "[SERVICE [METHOD [JSON]]] [--watch EVENT [--count N]]", "any call of any service, or its events; with less, what there is", command_rpc},
    {"ip", "[sockets]", "network interfaces; the sockets of everybody", command_ip},
    {"ping", "[-c N] HOST", "asks a machine whether it is there, once a second", command_ping},
    {"host", "HOST", "the addresses of a name", command_host},
    {"nc", "[-l PORT] [HOST PORT]", "a connection with the terminal; -l waits for one", command_nc},
    {"fetch", "[--sum] URL", "what an HTTP server has there, or its checksum", command_fetch},
    {"uptime", "", "time since the machine started", command_uptime},
    {"free", "", "memory in use", command_free},
    {"echo", "[WORD...]", "prints its words; $? is the last status", command_echo, true},
    {"sleep", "MS", "does nothing for so many milliseconds", command_sleep},
    {"jobs", "", "the commands that run in the background", command_jobs},
    {"kill", "%N...", "ends jobs, by their numbers", command_kill},
    {"wait", "", "until no command runs in the background", command_wait},
    {"shutdown", "", "switches the machine off", command_shutdown},
    {"reboot", "", "starts the machine again", command_reboot},
};

}  // namespace

std::span<const CommandEntry> all_commands() { return kCommands; }

// A form that is too long has a line of its own.
std::string help_line(const CommandEntry& entry, std::size_t column) {
    std::string line(entry.name);
    if (!entry.arguments.empty()) line.append(" ").append(entry.arguments);
    if (line.size() >= column) line.push_back('\n');
    const std::size_t begin = line.rfind('\n') + 1;  // npos + 1 is 0
    line.append(column - (line.size() - begin), ' ');
    return line.append(entry.help).append("\n");
}

Task<int> command_help(Shell& shell, const Arguments& given) {
    std::string text;
    const std::string wanted = given.word(0);
    for (const CommandEntry& entry : kCommands) {
        if (!wanted.empty() && wanted != entry.name) continue;
        text.append(help_line(entry, kHelpColumn));
    }
    int status = 0;
    if (wanted.empty()) text.append("; separates commands, & at the end runs one in the background, Ctrl-C ends what runs, -- ends options\n");
    if (wanted == "service") text = service_usage();
    if (text.empty()) status = co_await shell.fail(given, terminal_text(wanted) + ": no such command; help lists them");
    co_await shell.print(text);
    co_return status;
}

Task<int> command_echo(Shell& shell, const Arguments& given) {
    std::string line;
    for (std::size_t i = 0; i < given.words.size(); ++i) line.append(i == 0 ? "" : " ").append(given.words[i]);
    line.push_back('\n');
    co_await shell.print(line);
    co_return 0;
}

Task<int> command_sleep(Shell& shell, const Arguments& given) {
    constexpr u64 kLongest = 24ull * 60 * 60 * 1000;
    int status = 0;
    const Result<u64> milliseconds = parse_u64(given.words[0]);
    if (!milliseconds.ok() || *milliseconds > kLongest) {
        const std::string wrong = terminal_text(given.words[0]) + ": a number of milliseconds is wanted, at most " + std::to_string(kLongest);
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    Status slept = co_await shell.clock().sleep(*milliseconds * 1'000'000);
    if (!slept.ok()) status = co_await shell.fail(given, "timer", slept.error());
    co_return status;
}

}  // namespace eft::monitor
