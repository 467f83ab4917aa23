// What machine to start: the reference machine of measures.md (q35 under TCG) with what a test varies.
#pragma once

#include <string>
#include <vector>

namespace eft::qemu {

struct Disk {
    std::string path;                 // a raw image
    std::string id = "disk0";         // also the name that QMP's query-blockstats uses
    bool keep_writes = true;          // otherwise they go to a temporary file of QEMU's
    std::string device_options = {};  // more of `-device virtio-blk-pci,…`, with a leading comma
};

struct Card {
    std::string backend = "user";  // what it is connected to: the value of -netdev, without the id
    std::string id = "net0";       // of the backend, and with "card-" before it, of the card
    std::string device = "virtio-net-pci,disable-legacy=on";
    std::string capture = {};  // a file for all frames, as tcpdump writes them
};

struct MachineOptions {
    // Both are the build's own unless a test makes others. An empty archive boots the kernel without one.
    std::string kernel = EFT_KERNEL_IMAGE;
    std::string archive = EFT_BOOT_ARCHIVE;
    // A bootable CD image; the kernel and archive above are then not used.
    std::string iso = {};
    // A raw image of which the firmware loads the first sector; likewise.
    std::string boot_disk = {};

    std::string machine = "q35";  // with its properties
    unsigned memory_mib = 256;
    unsigned cores = 1;
    std::string accelerator = "tcg";
    bool icount = false;  // one instruction is one nanosecond, and runs repeat exactly
    bool idles = false;   // with icount: while nothing runs time passes as on the host, for machines that talk to others
    bool serial = true;   // COM1, as Machine::console()
    std::vector<std::string> buses = {};  // arguments for what disks are connected to
    std::vector<Disk> disks = {};
    std::vector<Card> cards = {};
    std::vector<std::string> extra = {};  // further arguments for QEMU
};

// QEMU's command line without its serial port and monitor, which depend on who is going to talk to them.
std::vector<std::string> machine_arguments(const MachineOptions& options);

// Throws, with the path, if a file that the machine needs is not there: QEMU's own messages do not say what makes it.
void require_images(const MachineOptions& options);

}  // namespace eft::qemu
