#include "snapshot.h"

#include "guest_memory.h"

#include <prompt.h>
#include <script.h>
#include <temporary.h>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <iterator>
#include <thread>

namespace eft::faults {
namespace {

constexpr qemu::Duration kBoot = std::chrono::seconds(120), kQuiet{200};
constexpr std::string_view kBegin = "begin\n";
constexpr unsigned kDiskSpareMib = 4;

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

void save(qemu::Machine& machine, const std::string& file) {
    machine.control().command("migrate-set-parameters", {{"max-bandwidth", std::uint64_t{1} << 40}});
    machine.control().command("migrate", {{"uri", "exec:cat > '" + file + "'"}});
    const qemu::Deadline deadline = qemu::after(kBoot);
    for (;;) {
        const std::string status = machine.control().command("query-migrate").value("status", "");
        if (status == "completed") return;
        if (status == "failed" || qemu::until(deadline).count() <= 0)
            throw std::runtime_error("QEMU does not save the machine: " + status);
        std::this_thread::sleep_for(qemu::Duration(5));
    }
}

}  // namespace

void drain(qemu::Console& console) {
    for (bool more = true; more;) {
        try {
            console.read_some("more", kQuiet, [](std::string_view text) { return text.size(); });
        } catch (const qemu::ConsoleError&) {
            more = false;
        }
    }
}

// An answer to the guest's connections comes from a process that QEMU starts: a snapshot has no connections to the host
// in it.
qemu::MachineOptions Snapshot::base(const std::string& memory) const {
    qemu::MachineOptions options;
    options.archive = archive_;
    options.machine = "q35,memory-backend=memory";
    options.memory_mib = kMemoryMib;
    options.icount = options.idles = true;
    options.disks.push_back({.path = folder_ + "/disk.img", .keep_writes = false});
    options.cards.push_back({.backend = "user,guestfwd=tcp:10.0.2.100:80-cmd:" EFT_SOURCE_DIR
                                        "/tools/faults/serve-file " +
                                        folder_ + "/files"});
    options.extra = {"-object", "memory-backend-file,id=memory,share=on,size=" + std::to_string(kMemoryMib) +
                                    "M,mem-path=" + memory};
    return options;
}

qemu::MachineOptions Snapshot::machine(const std::string& memory) const {
    qemu::MachineOptions options = base(memory);
    options.extra.insert(options.extra.end(), {"-S", "-incoming", "exec:cat '" + folder_ + "/machine'"});
    return options;
}

void Snapshot::forget() const { std::filesystem::remove(folder_ + "/identity"); }

void Snapshot::boot(const Workload& workload) {
    const SharedFile memory("/dev/shm/eft-faults-" + std::to_string(getpid()) + "-snapshot", kMemoryBytes);
    qemu::Machine machine(base(memory.path()));
    qemu::Prompt prompt(machine.console(), kBoot);
    const std::string warm = prompt.run(workload.warm_up(), kBoot);
    if (prompt.status() != 0) throw std::runtime_error("the workload's warm-up fails: " + warm);
    const std::size_t start = machine.console().log().size();
    machine.console().write(qemu::script_request(workload.script()));
    machine.console().read_until(kBegin, kBoot);
    std::this_thread::sleep_for(qemu::Duration(workload.snapshot_ms()));
    machine.control().command("stop");
    drain(machine.console());
    console_ = machine.console().log().substr(start);
    save(machine, folder_ + "/machine");
    machine.kill();
}

std::string Snapshot::identity(const Workload& workload) const {
    const auto number = [](const std::string& path) { return std::to_string(std::hash<std::string>()(text_of(path))); };
    return number(EFT_KERNEL_IMAGE) + " " + number(workload.archive()) + " " +
           std::to_string(std::hash<std::string>()(workload.warm_up() + workload.script()));
}

Snapshot Snapshot::make(const Workload& workload, const std::string& folder) {
    Snapshot snapshot(std::filesystem::absolute(folder), workload.archive());
    const std::string files = snapshot.folder_ + "/files";
    workload.write_files(files);
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(files)) bytes += file.file_size();
    qemu::make_ext2_image(files, snapshot.folder_ + "/disk.img", static_cast<unsigned>(bytes >> 20) + kDiskSpareMib,
                          4096);
    snapshot.expected_lines_ = workload.expected_lines(files);
    snapshot.boot(workload);
    std::filesystem::remove(snapshot.notes());
    write_text(snapshot.folder_ + "/console", snapshot.console_);
    write_text(snapshot.folder_ + "/identity", snapshot.identity(workload));
    return snapshot;
}

std::optional<Snapshot> Snapshot::find(const Workload& workload, const std::string& folder) {
    Snapshot snapshot(std::filesystem::absolute(folder), workload.archive());
    if (text_of(snapshot.folder_ + "/identity") != snapshot.identity(workload)) return std::nullopt;
    snapshot.console_ = text_of(snapshot.folder_ + "/console");
    snapshot.expected_lines_ = workload.expected_lines(snapshot.folder_ + "/files");
    return snapshot;
}

}  // namespace eft::faults
