// eft-run: boots Eft in QEMU, for a person at the terminal or, with --exec, for a script. `./eft run` calls it.
//
// With --exec standard output gets what the commands print and nothing else, and the exit status is that of the last
// command. What the supervisor complains about at the start goes to standard error. When the machine does not get that far,
// the reason and the serial log go there, too; the status is 1.
#include <port.h>
#include <prompt.h>

#include <unistd.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace eft::qemu;

namespace {

constexpr const char* kUsage =
    "usage: eft-run [--kernel FILE] [--archive FILE] [--iso FILE] [--disk FILE] [--snapshot] [--memory MIB] [--smp N]\n"
    "               [--accel tcg|kvm] [--icount] [--gdb] [--nic virtio|e1000|none] [--forward HOSTPORT:GUESTPORT]...\n"
    "               [--web] [--machines FOLDER] [--exec 'CMD; CMD'] [--timeout SECONDS] [-- QEMU ARGS]\n";

constexpr const char* kComplaint = "rs: ";
constexpr const char* kWebPort = "80";

struct Arguments {
    MachineOptions machine;
    std::optional<std::string> commands;
    Duration timeout = std::chrono::seconds(120);
    bool gdb = false;
};

unsigned number(const std::string& text) {
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
        throw std::runtime_error("a number is needed, not \"" + text + "\"");
    }
    return static_cast<unsigned>(std::stoul(text));
}

// "8080:80" as QEMU's user network has it: a port of the host's loopback leads to one of the guest.
std::string forwarding(const std::string& ports) {
    const auto colon = ports.find(':');
    const auto is_port = [](const std::string& text) { return number(text) >= 1 && number(text) <= 65535; };
    if (colon == std::string::npos || !is_port(ports.substr(0, colon)) || !is_port(ports.substr(colon + 1)))
        throw std::runtime_error("--forward needs HOSTPORT:GUESTPORT, not \"" + ports + "\"");
    return ",hostfwd=tcp:127.0.0.1:" + ports.substr(0, colon) + "-:" + ports.substr(colon + 1);
}

// Standard output belongs to the machine.
std::string web_forwarding() {
    const std::string port = std::to_string(free_loopback_port());
    std::cerr << "The live page: http://127.0.0.1:" << port << "/\n";
    return forwarding(port + ":" + kWebPort);
}

std::vector<Card> cards_of(const std::string& nic, const std::string& forwardings) {
    if (nic == "virtio") return {{.backend = "user" + forwardings}};
    if (nic == "e1000") return {{.backend = "user" + forwardings, .device = "e1000"}};
    if (nic != "none") throw std::runtime_error("--nic is virtio, e1000 or none, not " + nic);
    if (!forwardings.empty()) throw std::runtime_error("--forward and --web need a network card");
    return {};
}

// A monitor for whoever wants to look into the machine, such as ./eft crash: a socket in this folder. Not where its path would be
// too long for one.
std::vector<std::string> monitor_in(const std::string& folder) {
    if (folder.empty()) return {};
    constexpr std::size_t kLongestPath = 107;  // unix(7)
    const std::string socket = std::filesystem::absolute(folder) / (std::to_string(getpid()) + ".qmp");
    if (socket.size() > kLongestPath || socket.find(',') != std::string::npos) return {};
    std::filesystem::create_directories(folder);
    return {"-qmp", "unix:" + socket + ",server=on,wait=off"};
}

Arguments parse(const std::vector<std::string>& words) {
    Arguments arguments;
    MachineOptions& machine = arguments.machine;
    Disk disk;
    std::string nic = "virtio", forwardings, monitors;
    const std::map<std::string, std::function<void()>> flags = {
        {"--snapshot", [&] { disk.keep_writes = false; }},
        {"--icount", [&] { machine.icount = true; }},
        {"--gdb", [&] { arguments.gdb = true; }},
        {"--web", [&] { forwardings += web_forwarding(); }},
    };
    const std::map<std::string, std::function<void(const std::string&)>> options = {
        {"--kernel", [&](const std::string& value) { machine.kernel = value; }},
        {"--archive", [&](const std::string& value) { machine.archive = value; }},
        {"--iso", [&](const std::string& value) { machine.iso = value; }},
        {"--disk", [&](const std::string& value) { disk.path = value; }},
        {"--memory", [&](const std::string& value) { machine.memory_mib = number(value); }},
        {"--smp", [&](const std::string& value) { machine.cores = number(value); }},
        {"--accel", [&](const std::string& value) { machine.accelerator = value; }},
        {"--nic", [&](const std::string& value) { nic = value; }},
        {"--forward", [&](const std::string& value) { forwardings += forwarding(value); }},
        {"--machines", [&](const std::string& value) { monitors = value; }},
        {"--exec", [&](const std::string& value) { arguments.commands = value; }},
        {"--timeout", [&](const std::string& value) { arguments.timeout = std::chrono::seconds(number(value)); }},
    };
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        if (word == "--") {
            machine.extra.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
            break;
        }
        if (const auto flag = flags.find(word); flag != flags.end()) {
            flag->second();
        } else if (const auto option = options.find(word); option == options.end()) {
            throw std::runtime_error("unknown argument " + word + "\n" + kUsage);
        } else if (++at == words.size()) {
            throw std::runtime_error(word + " needs a value");
        } else {
            option->second(words[at]);
        }
    }
    if (!disk.path.empty()) machine.disks.push_back(disk);
    machine.cards = cards_of(nic, forwardings);
    const std::vector<std::string> monitor = monitor_in(monitors);
    machine.extra.insert(machine.extra.end(), monitor.begin(), monitor.end());
    if (arguments.gdb) {
        machine.extra.insert(machine.extra.end(), {"-gdb", "tcp::1234", "-S"});
        std::cerr << "The machine waits for a debugger:\n    gdb -ex 'target remote :1234' " << machine.kernel << '\n';
    }
    return arguments;
}

// Becomes QEMU, with the terminal as the serial port; its multiplexer gives Ctrl-A X.
[[noreturn]] void become_interactive_machine(const MachineOptions& options) {
    require_images(options);
    std::vector<std::string> arguments = machine_arguments(options);
    arguments.insert(arguments.end(), {"-serial", "mon:stdio"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    throw std::runtime_error("cannot start " + arguments.front());
}

int run_commands(const Arguments& arguments) {
    Machine machine(arguments.machine);
    const Deadline deadline = after(arguments.timeout);
    Prompt prompt(machine.console(), until(deadline));
    for (const std::string& line : prompt.boot_lines())
        if (line.starts_with(kComplaint)) std::cerr << line << '\n';
    try {
        prompt.run(*arguments.commands, until(deadline), [](std::string_view output) { std::cout << output << std::flush; });
    } catch (const ConsoleError&) {
        // The commands may have switched it off.
        if (machine.running() || !machine.wait_for_exit(until(deadline)).powered_off()) throw;
        return 0;
    }
    shut_down(machine, until(deadline));
    return prompt.status();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Arguments arguments = parse({argv + 1, argv + argc});
        if (arguments.commands) return run_commands(arguments);
        become_interactive_machine(arguments.machine);
    } catch (const std::exception& error) {
        std::cerr << "eft-run: " << error.what() << '\n';
        return 1;
    }
}
