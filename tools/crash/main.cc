// eft-crash: the crash dumps in the memory of a machine, with functions and source lines. `./eft crash` calls it.
#include "dumps.h"
#include "memory.h"
#include "report.h"

#include <eft/archive.h>
#include <eft/service_config.h>

#include <sys/stat.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

using namespace eft;
using namespace eft::crash;

namespace {

constexpr const char* kUsage = "usage: eft-crash --machines FOLDER | --memory FILE, --symbols FOLDER, --archive FILE [NAME]";

struct Arguments {
    std::string machines, memory, symbols, archive, name;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    const std::map<std::string, std::string*> options = {
        {"--machines", &arguments.machines}, {"--memory", &arguments.memory}, {"--symbols", &arguments.symbols}, {"--archive", &arguments.archive}};
    for (int i = 1; i < argc; ++i) {
        const auto option = options.find(argv[i]);
        if (option == options.end()) arguments.name = argv[i];
        else if (++i < argc) *option->second = argv[i];
    }
    if (arguments.machines.empty() == arguments.memory.empty() || arguments.symbols.empty() || arguments.archive.empty()) throw std::runtime_error(kUsage);
    return arguments;
}

std::string read_interfaces(const std::string& archive) {
    std::ifstream stream(archive, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    const auto file = find_in_archive(std::as_bytes(std::span(bytes)), "interfaces");
    if (!file.ok()) throw std::runtime_error(archive + " has no descriptions of interfaces");
    return {reinterpret_cast<const char*>(file->data()), file->size()};
}

long long begun_at(const std::string& socket) {
    struct stat about = {};
    return stat(socket.c_str(), &about) == 0 ? about.st_mtime : 0;
}

struct Source {
    PhysicalMemory memory;
    long long since;  // when the machine was started; 0: not known
};

Source open_source(const Arguments& arguments) {
    if (!arguments.memory.empty()) return {PhysicalMemory::of_image(arguments.memory), 0};
    const auto machines = machines_in(arguments.machines);
    if (machines.empty()) throw std::runtime_error("no machine of ./eft run is there");
    if (machines.size() > 1) std::cerr << "eft-crash: " << machines.size() << " machines run; this is of the one that was started last\n";
    return {PhysicalMemory::of_machine(machines.front()), begun_at(machines.front())};
}

int print(const Arguments& arguments) {
    const std::string bytes = read_interfaces(arguments.archive);
    const auto interfaces = monitor::Catalogue::open(std::as_bytes(std::span(bytes)));
    if (!interfaces.ok()) throw std::runtime_error("the descriptions of interfaces cannot be read");
    const Source source = open_source(arguments);
    const Symbols symbols(arguments.symbols);
    unsigned shown = 0;
    for (const CrashDump& dump : find_dumps(source.memory.bytes())) {
        const std::string program(field_text(dump.program));
        if (!arguments.name.empty() && arguments.name != field_text(dump.name)) continue;
        if (source.since != 0 && symbols.made_at(program) > source.since)
            std::cerr << "eft-crash: " << program << " was built after the machine was started: functions and lines may be others\n";
        std::cout << (shown++ == 0 ? "" : "\n") << report(dump, symbols, *interfaces);
    }
    if (shown == 0) std::cout << (arguments.name.empty() ? "nothing has died\n" : arguments.name + " has not died\n");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return print(parse(argc, argv));
    } catch (const std::exception& error) {
        std::cerr << "eft-crash: " << error.what() << '\n';
        return 1;
    }
}
