#include "options.h"

#include <filesystem>
#include <stdexcept>

namespace eft::qemu {
namespace {

using Arguments = std::vector<std::string>;

void append(Arguments& arguments, const Arguments& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
}

// In the values of QEMU's options a comma is written twice.
std::string escaped(const std::string& path) {
    std::string result;
    for (const char c : path) {
        result += c;
        if (c == ',') result += c;
    }
    return result;
}

void append_boot(Arguments& arguments, const MachineOptions& options) {
    if (!options.iso.empty()) {
        append(arguments, {"-drive", "if=none,id=cd0,media=cdrom,format=raw,readonly=on,file=" + escaped(options.iso),
                           "-device", "ide-cd,drive=cd0,bootindex=0"});
    } else if (!options.boot_disk.empty()) {
        append(arguments, {"-drive", "if=none,id=boot0,format=raw,snapshot=on,file=" + escaped(options.boot_disk),
                           "-device", "ide-hd,drive=boot0,bootindex=0"});
    } else {
        append(arguments, {"-kernel", options.kernel});
        if (!options.archive.empty()) append(arguments, {"-initrd", escaped(options.archive)});
    }
}

void append_disk(Arguments& arguments, const Disk& disk) {
    append(arguments,
           {"-drive",
            "if=none,id=" + disk.id + ",file=" + escaped(disk.path) +
                ",format=raw,cache=writeback,rerror=report,werror=report,snapshot=" + (disk.keep_writes ? "off" : "on"),
            "-device", "virtio-blk-pci,drive=" + disk.id + ",disable-legacy=on" + disk.device_options});
}

// Without the program for booting over the network, which not every QEMU has.
void append_card(Arguments& arguments, const Card& card) {
    append(arguments, {"-netdev", card.backend + ",id=" + card.id, "-device", card.device + ",netdev=" + card.id + ",id=card-" + card.id + ",romfile="});
    if (!card.capture.empty()) append(arguments, {"-object", "filter-dump,id=dump-" + card.id + ",netdev=" + card.id + ",file=" + escaped(card.capture)});
}

void require_file(const std::string& path, const char* what) {
    if (!path.empty() && !std::filesystem::is_regular_file(path)) {
        throw std::runtime_error(std::string("there is no ") + what + " at " + path + " (./eft build makes it)");
    }
}

}  // namespace

std::vector<std::string> machine_arguments(const MachineOptions& options) {
    Arguments arguments = {"qemu-system-x86_64",
                           "-accel",
                           options.accelerator,
                           "-M",
                           options.machine,
                           "-cpu",
                           "max",
                           "-nodefaults",
                           "-display",
                           "none",
                           "-no-reboot",
                           "-device",
                           "isa-debug-exit,iobase=0xf4,iosize=4"};
    append(arguments, {"-m", std::to_string(options.memory_mib), "-smp", std::to_string(options.cores)});
    append_boot(arguments, options);
    append(arguments, options.buses);
    for (const Disk& disk : options.disks) append_disk(arguments, disk);
    for (const Card& card : options.cards) append_card(arguments, card);
    if (options.icount) {
        append(arguments, {"-icount", options.idles ? "shift=0,align=off" : "shift=0,sleep=off,align=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"});
    }
    append(arguments, options.extra);
    return arguments;
}

void require_images(const MachineOptions& options) {
    if (options.iso.empty() && options.boot_disk.empty()) {
        require_file(options.kernel, "kernel");
        require_file(options.archive, "boot archive");
    }
    require_file(options.iso, "CD image");
    require_file(options.boot_disk, "boot disk");
    for (const Disk& disk : options.disks) require_file(disk.path, "disk image");
}

}  // namespace eft::qemu
