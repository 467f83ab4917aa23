// A booted Eft with a disk that mke2fs made, and what a person would read off its prompt.
#pragma once

#include "machine.h"
#include "prompt.h"
#include "temporary.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eft::qemu {

// One line of `service list`.
struct ServiceLine {
    std::string kind, state;
    long pid = 0, incarnation = 0, restarts = 0, last_recovery_us = 0;
};

// A disk with a few files and /big.bin of random bytes, different in each run; and copies of files of the host.
class TestDisk {
public:
    struct Copy {
        std::string name, from;
    };
    explicit TestDisk(unsigned big_mebibytes = 32, unsigned block_size = 4096, const std::vector<Copy>& copies = {});
    const std::string& path() const { return path_; }
    const std::string& sum() const { return sum_; }  // SHA-256 of /big.bin as the host computes it
    unsigned long long bytes() const { return bytes_; }
    std::string big() const;  // all of it

private:
    TemporaryFolder folder_;
    std::string path_, sum_;
    unsigned long long bytes_;
};

// It has the devices of the reference machine, and those that further drivers of the tree's manifest are for: what
// `./eft new driver` makes.
class System {
public:
    struct Choice {
        std::string disk = {};     // none: no disk at all
        std::string archive = {};  // none: the one that ./eft run boots
        unsigned memory_mib = 256;
        bool icount = false, idles = false;  // as MachineOptions have them
        std::vector<Card> cards = {};
        std::string monitor = {};  // a socket for a second monitor, as `./eft run` makes one
    };
    explicit System(const Choice& choice);
    ~System();

    Machine& machine() { return *machine_; }
    // Runs a line; throws if the prompt does not come back.
    std::string run(const std::string& line, int seconds = 60);
    int status();
    std::map<std::string, ServiceLine> services();
    // Bytes that the guest has read from its disk, as QEMU counts them.
    unsigned long long bytes_read();
    // All numbers that the `free` command prints, by name: USED_KIB, FREE_KIB, slots, spaces, objects …
    std::map<std::string, long> free();
    void shut_down();

private:
    std::unique_ptr<Machine> machine_;
    std::unique_ptr<Prompt> prompt_;
};

// The first word of `sha256sum`'s output.
std::string sum_in(const std::string& output);

}  // namespace eft::qemu
