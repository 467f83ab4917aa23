#include "system_figures.h"

#include "guest_figures.h"

#include <boot_disk.h>
#include <machine.h>
#include <prompt.h>
#include <temporary.h>

#include <chrono>

namespace eft::bench {

// The program `measure` prints the figures at the prompt; see apps/measure.
void measure_system(Figures& figures) {
    using namespace std::chrono_literals;
    qemu::MachineOptions options;
    options.icount = true;
    qemu::Machine machine(options);
    qemu::Prompt prompt(machine.console(), 120s);
    read_figures(prompt.run("measure", 300s), figures);
    qemu::shut_down(machine, 30s);
}

}  // namespace eft::bench
