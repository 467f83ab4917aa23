// One run: the machine goes on from its snapshot, is stopped at an instruction, something in it is changed, and it goes
// on to the end of the workload, or to what comes instead.
#pragma once

#include "control.h"
#include "guest_memory.h"
#include "snapshot.h"

#include <functional>

namespace eft::faults {

struct Injection {
    std::uint64_t at = 0;  // how many instructions after the snapshot; 0: none, before anything runs
    // Changes the memory of the stopped machine, and says what it has changed. Addresses are of the space with this
    // root.
    struct Applied {
        std::uint64_t root = 0;
        std::vector<Change> changes;
    };
    std::function<Applied(GuestMemory&)> apply;
    // Another program, or the same once more, that ends where it has begun `after` instructions since the processor first came to
    // a watched place.
    struct Second {
        const Program* program;
        std::uint64_t after;
    };
    std::optional<Second> second = {};
};

struct Run {
    std::vector<Change> changes;
    Observation seen;
    std::uint64_t instructions = 0, activated_at = 0, activations = 0;
    // Where the second program was when it was made to end, and how many instructions after the first; empty: it was not.
    std::string second;
    std::uint64_t second_later = 0;
    std::string details;  // for a person: `service info` of who was restarted, or what the processor does in a machine
                          // that hangs
};

// Where runs take place, one at a time: it has the machine's memory.
class Bench {
public:
    Bench(const Snapshot& snapshot, const Program& kernel, const std::string& name);

    Run run(const Injection& injection, const Expectation& expected);
    // Of the last run.
    const Control& control() const { return *control_; }

private:
    void observe(qemu::Machine& machine, Run& run, const Expectation& expected);
    void ask_for_services(qemu::Machine& machine, Run& run, const Expectation& expected);
    void count_code_of(const GuestMemory& memory, const Injection::Second& second);
    void end_second(qemu::Machine& machine, Run& run, const Injection::Second& second);
    void inject(qemu::Machine& machine, Run& run, const Injection& injection);

    const Snapshot& snapshot_;
    const Program& kernel_;
    SharedFile memory_, control_file_;
    Control* control_;
    std::vector<std::uint64_t> counted_;  // spaces whose code is counted
};

}  // namespace eft::faults
