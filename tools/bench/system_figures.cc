#include "system_figures.h"

#include "guest_figures.h"

#include <machine.h>
#include <prompt.h>
#include <temporary.h>

#include <chrono>
#include <regex>
#include <stdexcept>
#include <utility>

namespace eft::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kDiskMebibytes = 32, kBlockSize = 4096;
constexpr std::size_t kCachedBytes = 64 * 1024;  // of /cached.bin, which the measuring program reads

class BenchDisk {
public:
    BenchDisk() : path_(folder_.path() + "/disk.img") {
        folder_.write("files/cached.bin", std::string(kCachedBytes, 'c'));
        qemu::make_ext2_image(folder_.path() + "/files", path_, kDiskMebibytes, kBlockSize);
    }
    qemu::MachineOptions options() const {
        qemu::MachineOptions options;
        options.icount = true;
        options.disks.push_back({.path = path_, .keep_writes = false});
        return options;
    }

private:
    qemu::TemporaryFolder folder_;
    std::string path_;
};

// The guest prints its figures and powers off.
void measure_until_off(const char* archive, std::chrono::seconds timeout, Figures& figures, std::vector<qemu::Card> cards = {}) {
    BenchDisk disk;
    qemu::MachineOptions options = disk.options();
    options.cards = std::move(cards);
    options.archive = archive;
    qemu::Machine machine(options);
    const auto end = std::chrono::steady_clock::now() + timeout;
    for (std::string line; line != "BENCH-END";) {
        line = machine.console().read_line(qemu::until(end));
        read_figures(line, figures);
    }
    const qemu::MachineExit exit = machine.wait_for_exit(20s);
    if (!exit.powered_off()) throw std::runtime_error("the measured system ended with " + exit.text() + "\n" + machine.console().log());
}

}  // namespace

// The monitor writes the moment of its first prompt into its log.
void measure_boot(Figures& figures) {
    BenchDisk disk;
    qemu::Machine machine(disk.options());
    qemu::Prompt prompt(machine.console(), 60s);
    const std::regex moment("prompt after ([0-9]+) ");
    const auto end = std::chrono::steady_clock::now() + 20s;
    for (std::smatch found; figures.find("boot.prompt") == figures.end();) {
        const std::string log = prompt.run("log monitor", 20s);
        if (std::regex_search(log, found, moment)) figures["boot.prompt"] = std::stod(found[1]);
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the monitor does not say when it had its prompt\n" + log);
    }
    qemu::shut_down(machine, 30s);
}

void measure_operations(Figures& figures) { measure_until_off(EFT_BENCH_OPERATIONS, 120s, figures); }
void measure_disk_recovery(Figures& figures) { measure_until_off(EFT_BENCH_RECOVERY, 240s, figures); }
void measure_card_recovery(Figures& figures) { measure_until_off(EFT_BENCH_RECOVERY_CARD, 240s, figures, {{}}); }
void measure_e1000_recovery(Figures& figures) { measure_until_off(EFT_BENCH_RECOVERY_E1000, 240s, figures, {{.device = "e1000"}}); }
void measure_core_recovery(Figures& figures) { measure_until_off(EFT_BENCH_RECOVERY_CORE, 240s, figures); }
void measure_net_recovery(Figures& figures) { measure_until_off(EFT_BENCH_RECOVERY_NET, 240s, figures, {{}}); }

// Slots that are four apart have their pins on the same line.
void measure_lines(Figures& figures) {
    std::vector<qemu::Card> cards;
    for (const std::string slot : {"0x13", "0x14", "0x17"}) cards.push_back({.id = "net" + slot, .device = "e1000,mitigation=off,addr=" + slot});
    measure_until_off(EFT_BENCH_LINES, 60s, figures, cards);
}

}  // namespace eft::bench
