#include "listing.h"

#include "../guest_figures.h"
#include "image.h"

#include <machine.h>
#include <temporary.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace eft::bench {
namespace {

constexpr unsigned kWarmRounds = 8;
constexpr std::size_t kLongestRound = 200'000;
constexpr const char* kMarkOfPart[] = {"bench_round_", "bench_first_", "bench_second_"};  // tools/bench/guest/rounds.h

// The programs of the guest. But for the measuring one, all are linked to the same addresses: which one runs is told by its
// code in memory.
class Programs {
public:
    Programs() {
        for (const char* name : {"bench_measure", "bench_peer", "echo", "bench_root"}) {
            images_.push_back(std::make_unique<Image>(name, std::string(EFT_SYMBOLS) + "/" + name));
        }
        kernel_ = std::make_unique<Image>("kernel", EFT_KERNEL_IMAGE);
    }
    const Image& measuring() const { return *images_.front(); }

    const Image& running(Gdb& gdb, const Registers& registers) {
        if (!registers.user) return *kernel_;
        const Image*& known = of_space_[registers.cr3];
        if (known && known->find(registers.pc)) return *known;
        for (const auto& image : images_) {
            if (is_here(gdb, *image, registers.pc)) return *(known = image.get());
        }
        throw std::runtime_error("no program of the measurement has code where the processor is");
    }

    // The sixteen instructions from there on are those of the image.
    static bool is_here(Gdb& gdb, const Image& image, std::uint64_t address) {
        std::string expected;
        const Instruction* instruction = image.find(address);
        for (unsigned i = 0; i < 16 && instruction; ++i) {
            expected += instruction->bytes;
            instruction = image.find(address + expected.size());
        }
        return !expected.empty() && gdb.memory(address, expected.size()) == expected;
    }

    const std::vector<std::unique_ptr<Image>>& users() const { return images_; }
    const Image& kernel() const { return *kernel_; }

private:
    std::unique_ptr<Image> kernel_;
    std::vector<std::unique_ptr<Image>> images_;
    std::map<std::uint64_t, const Image*> of_space_;
};

// The archive of the measurement with one more file, "listing", which names the key.
std::string archive_for(const std::string& key, const qemu::TemporaryFolder& folder) {
    const std::string file = folder.write("listing", key), archive = folder.path() + "/listing.archive";
    const std::string command = std::string(EFT_ARCHIVE_TOOL) + " --output '" + archive + "' --from '" EFT_BENCH_ARCHIVE "' 'listing=" + file + "'";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
    return archive;
}

// Goes on to the beginning of the listed part of a round. Marks that do not begin it, such as the calibration's, are not
// stopped at again.
Registers go_to_begin(Gdb& gdb, const Image& image, std::uint64_t part_address) {
    for (;;) {
        gdb.run();
        const Registers registers = gdb.registers();
        const std::string part = gdb.memory(part_address, 4);
        const auto mark = image.marks().find(registers.pc);
        if (mark == image.marks().end()) throw std::runtime_error("the machine stops where it has not been told to");
        if (!part.empty() && part[0] <= 2 && mark->second.starts_with(kMarkOfPart[static_cast<unsigned>(part[0])])) return registers;
        gdb.clear_breakpoint(registers.pc);
    }
}

std::vector<Step> record_round(Gdb& gdb, Programs& programs) {
    const Image& image = programs.measuring();
    for (const auto& [address, mark] : image.marks()) gdb.set_breakpoint(address);
    const std::uint64_t part_address = image.variable("bench_listed_part");
    Registers registers{};
    for (unsigned round = 0; round < kWarmRounds; ++round) registers = go_to_begin(gdb, image, part_address);
    gdb.clear_breakpoint(registers.pc);

    std::vector<Step> steps;
    const std::uint64_t space = registers.cr3;
    do {
        const Image& program = programs.running(gdb, registers);
        const Instruction* instruction = program.find(registers.pc);
        if (!instruction) throw std::runtime_error("the processor is where " + program.name() + " has no instruction");
        steps.push_back({program.name(), registers.pc, instruction->symbol, instruction->offset, instruction->text, "", "", classify(instruction->text, registers)});
        if (steps.size() > kLongestRound) throw std::runtime_error("the round does not end");
        gdb.step();
        registers = gdb.registers();
    } while (!registers.user || registers.cr3 != space || !image.marks().contains(registers.pc));
    return steps;
}

void add_sources(const Image& image, std::vector<Step>& steps) {
    std::set<std::uint64_t> addresses;
    for (const Step& step : steps) {
        if (step.program == image.name()) addresses.insert(step.address);
    }
    if (addresses.empty()) return;
    const auto sources = image.sources(addresses);
    for (Step& step : steps) {
        if (step.program != image.name()) continue;
        if (const auto found = sources.find(step.address); found != sources.end()) {
            step.function = found->second.function.empty() ? step.symbol : found->second.function;
            step.place = found->second.place;
        }
    }
}

}  // namespace

std::array<unsigned, static_cast<unsigned>(Special::Count)> Listing::specials() const {
    std::array<unsigned, static_cast<unsigned>(Special::Count)> counts{};
    for (const Step& step : steps) ++counts[static_cast<unsigned>(step.special)];
    return counts;
}

bool Listing::agrees() const {
    const double difference = static_cast<double>(steps.size()) - own - measured;
    const double allowed = 1 + specials()[static_cast<unsigned>(Special::Iret)];
    return difference >= -allowed && difference <= allowed;
}

Listing list_round(const std::string& key) {
    Figures figures;
    measure_in_guest(EFT_BENCH_ARCHIVE, figures);
    if (!figures.contains(key) || key.starts_with("boot.")) {
        std::string keys;
        for (const auto& [name, value] : figures) {
            if (!name.starts_with("boot.")) keys += " " + name;
        }
        throw std::runtime_error("there is no listing of " + key + "; the kernel's operations are" + keys);
    }
    const qemu::TemporaryFolder folder;
    const std::string archive = archive_for(key, folder);
    Figures few_rounds;  // clocks that were stopped for a debugger tell nothing
    measure_in_guest(archive, few_rounds);
    Listing listing{key, {}, static_cast<unsigned>(few_rounds.at("own")), figures[key]};

    Programs programs;
    qemu::MachineOptions options;
    options.archive = archive;
    options.icount = true;
    options.extra = Gdb::arguments(folder.path() + "/gdb");
    qemu::Machine machine(options);
    Gdb gdb(folder.path() + "/gdb");
    listing.steps = record_round(gdb, programs);
    add_sources(programs.kernel(), listing.steps);
    for (const auto& image : programs.users()) add_sources(*image, listing.steps);
    return listing;
}

}  // namespace eft::bench
