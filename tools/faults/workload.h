// A workload: what the machine does while faults are injected, and what it prints when all is well. Its manifest is a
// file of JSON (docs/fault-injection.md):
//
//   archive     of the target's build tree, in place of the one that `./eft run` boots: it has further programs
//   files       name -> bytes; random ones on the disk, and at http://10.0.2.100/NAME; NAME.txt has lines of text
//   warm_up     command lines that are run before the snapshot
//   script      command lines; the first prints "begin"
//   snapshot_ms how long after that the snapshot is taken, in the machine's time or a little more
//   expect      the lines that the script prints, in any order; ${sum NAME} is a file's SHA-256, ${lines NAME} all its
//   lines;
//               "like PATTERN" is a line that fits a pattern of the shell, "maybe PATTERN" any number of them
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace eft::faults {

class Workload {
public:
    // Throws, with the path, if it is none.
    explicit Workload(const std::string& path);

    const std::string& name() const { return name_; }
    // The path of the boot archive.
    const std::string& archive() const { return archive_; }
    const std::string& warm_up() const { return warm_up_; }
    const std::string& script() const { return script_; }
    unsigned snapshot_ms() const { return snapshot_ms_; }

    // Writes the files into the folder: the same ones each time.
    void write_files(const std::string& folder) const;
    // What is printed, with the sums of the files there.
    std::vector<std::string> expected_lines(const std::string& folder) const;

private:
    std::string name_, archive_, warm_up_, script_;
    unsigned snapshot_ms_;
    std::map<std::string, std::uint64_t> files_;
    std::vector<std::string> expect_;
};

}  // namespace eft::faults
