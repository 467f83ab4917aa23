// A machine that was stopped in the middle of a workload, as files in a folder, from which any number of runs go on. It
// is the machine that ships, with the memory in a file of ours.
#pragma once

#include "outcome.h"
#include "workload.h"

#include <machine.h>

namespace eft::faults {

inline constexpr unsigned kMemoryMib = 128;
constexpr std::uint64_t kMemoryBytes = std::uint64_t{kMemoryMib} << 20;

// Reads what a console sends until nothing has come for a fifth of a second.
void drain(qemu::Console& console);

class Snapshot {
public:
    // Of the system that is built: boots it, and stops it `snapshot_ms` after the workload's begin. Throws if it does
    // not come so far. The folder is made.
    static Snapshot make(const Workload& workload, const std::string& folder);
    // One that was made there by this kernel, boot archive and workload; nothing: there is none.
    static std::optional<Snapshot> find(const Workload& workload, const std::string& folder);

    // The next one that is looked for in its folder is made again.
    void forget() const;
    // What goes on from here with `memory` as its memory; it is paused, and in the end runs by QMP's `cont`.
    qemu::MachineOptions machine(const std::string& memory) const;
    // A file of its folder in which a laboratory keeps what it has found out about it; it goes when the snapshot is
    // made again.
    std::string notes() const { return folder_ + "/notes"; }
    // What the console had said since the script began.
    const std::string& console() const { return console_; }
    const std::vector<std::string>& expected_lines() const { return expected_lines_; }

private:
    Snapshot(std::string folder, std::string archive) : folder_(std::move(folder)), archive_(std::move(archive)) {}
    qemu::MachineOptions base(const std::string& memory) const;
    void boot(const Workload& workload);
    std::string identity(const Workload& workload) const;

    std::string folder_, archive_, console_;
    std::vector<std::string> expected_lines_;
};

}  // namespace eft::faults
