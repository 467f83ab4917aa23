#include "memory.h"

#include <qmp.h>
#include <temporary.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace eft::crash {
namespace {

using qemu::File;
using qemu::Qmp;

File connect_to(const std::string& path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof address.sun_path) return File();
    path.copy(address.sun_path, path.size());
    File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.open() || connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return File();
    return socket;
}

// Where a PC's memory ends: q35 has what is more than this from 4 GiB on (QEMU, hw/i386/pc_q35.c).
unsigned long long end_of_memory(unsigned long long bytes) {
    constexpr unsigned long long kLow = 0x8000'0000, kHigh = 0x1'0000'0000;
    return bytes <= kLow ? bytes : kHigh + bytes - kLow;
}

// A machine that does not run while this lives, and then as before.
class Pause {
public:
    explicit Pause(Qmp& monitor) : monitor_(monitor), ran_(monitor.command("query-status").at("running").get<bool>()) {
        if (ran_) monitor_.command("stop");
    }
    ~Pause() {
        try {
            if (ran_) monitor_.command("cont");
        } catch (const std::exception&) {  // it is gone
        }
    }

private:
    Qmp& monitor_;
    bool ran_;
};

}  // namespace

PhysicalMemory PhysicalMemory::of_machine(const std::string& socket) {
    File connection = connect_to(socket);
    if (!connection.open()) throw std::runtime_error("there is no machine at " + socket);
    Qmp monitor(std::move(connection));
    const qemu::TemporaryFolder folder;
    const std::string file = folder.path() + "/memory";
    const auto bytes = monitor.command("query-memory-size-summary").at("base-memory").get<unsigned long long>();
    const Pause pause(monitor);
    monitor.command("pmemsave", {{"val", 0}, {"size", end_of_memory(bytes)}, {"filename", file}});
    return of_image(file);
}

PhysicalMemory PhysicalMemory::of_image(const std::string& file) {
    const File image(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about = {};
    if (!image.open() || fstat(image.descriptor(), &about) != 0 || about.st_size == 0) throw std::runtime_error("cannot read " + file);
    const auto size = static_cast<std::size_t>(about.st_size);
    void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, image.descriptor(), 0);
    if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + file);
    return PhysicalMemory({static_cast<const std::byte*>(memory), size});
}

PhysicalMemory::PhysicalMemory(PhysicalMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

PhysicalMemory::~PhysicalMemory() {
    if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

std::vector<std::string> machines_in(const std::string& folder) {
    namespace fs = std::filesystem;
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().extension() != ".qmp") continue;
        if (connect_to(entry.path()).open()) found.push_back(entry.path());
        else fs::remove(entry.path(), ignored);
    }
    std::ranges::sort(found, std::ranges::greater(), [&ignored](const fs::path& path) { return fs::last_write_time(path, ignored); });
    return {found.begin(), found.end()};
}

}  // namespace eft::crash
