// What the faults of a campaign have in common: the snapshot, the programs, and what the machine does without a fault.
#pragma once

#include "experiment.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

namespace eft::faults {

// Services and core servers, and the kernel for comparison.
std::vector<std::string> all_targets();
// Every core server after every one, itself too: "mem+rs".
std::vector<std::string> core_pairs();
bool is_target(const std::string& target);

// A fault by its place in a campaign.
struct Fault {
    std::string target;
    const FaultType* type;
    std::uint64_t seed;  // the campaign's
    unsigned index;

    // Of a pair, "mem+rs": the one that is changed, and the one that ends afterwards; otherwise the target and nothing.
    std::string first() const { return target.substr(0, target.find('+')); }
    std::string second() const { return target.substr(std::min(target.size(), first().size() + 1)); }
    // "uart-text-1-17": all that it follows from, with the workload and the system.
    std::string name() const;
    static std::optional<Fault> parse(const std::string& name);
    std::uint64_t number() const;  // the seed of its choices
};

// A campaign's snapshot, and what is known of the machine without a fault.
class Laboratory {
public:
    // Makes the snapshot unless it is there, and measures the machine from there.
    Laboratory(const std::string& workload, const std::string& output);

    const Snapshot& snapshot() const { return snapshot_; }
    const Program& kernel() const { return kernel_; }
    const Program& program(const std::string& target) const { return *programs_.at(target); }
    const Expectation& expected() const { return expected_; }
    // The same change once more, of an earlier run.
    Injection injection_of(const Fault& fault, std::uint64_t at, const std::vector<Change>& changes) const;
    // Whether the workload runs an instruction, after the snapshot.
    bool runs(const std::string& target, Address address) const;
    // Made once for each program. Safe to call from several threads; faults are chosen under a lock.
    Injection injection_of(const Fault& fault);

private:
    void measure();
    void note_code(GuestMemory& memory);
    bool read_notes();
    void write_notes() const;
    std::optional<Injection::Second> second_of(const Fault& fault) const;
    Injection::Applied choose(const Fault& fault, GuestMemory& memory);

    Program kernel_;
    Snapshot snapshot_;
    Expectation expected_;
    std::uint64_t instructions_ = 0;                                // that it takes
    std::map<std::string, std::map<Address, std::uint64_t>> code_;  // target -> page -> where it lies
    std::set<std::uint64_t> translated_;                            // where instructions that are run lie
    std::mutex choosing_;
    std::map<std::string, std::unique_ptr<Program>> programs_;
    std::map<std::string, std::unique_ptr<Target>> targets_;
};

}  // namespace eft::faults
