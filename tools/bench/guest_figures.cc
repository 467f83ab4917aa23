#include "guest_figures.h"

#include <guest_test.h>
#include <machine.h>

#include <sstream>
#include <stdexcept>

namespace eft::bench {

void read_figures(const std::string& log, Figures& figures) {
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string mark, key;
        double value = 0;
        if (!(words >> mark)) continue;
        if (mark == "BENCH-ERROR") throw std::runtime_error(line);
        if (mark == "BENCH" && words >> key >> value) figures[key] = value;
    }
}

void measure_in_guest(const std::string& archive, Figures& figures) {
    qemu::MachineOptions options;
    options.archive = archive;
    options.icount = true;
    qemu::Machine machine(options);
    const std::string log = machine.console().read_to_end(std::chrono::seconds(120));
    const qemu::MachineExit exit = machine.wait_for_exit(std::chrono::seconds(10));
    read_figures(machine.console().log(), figures);
    if (exit.status != qemu::kGuestPassed) throw std::runtime_error("the measuring guest ended with " + exit.text() + "\n" + machine.console().log());
}

}  // namespace eft::bench
