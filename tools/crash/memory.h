// The physical memory of a machine: of one that runs, by QEMU's monitor, or of an image of it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace eft::crash {

class PhysicalMemory {
public:
    // Through the monitor's socket. A machine that runs stands still for it, some tenths of a second. Throws what goes wrong.
    static PhysicalMemory of_machine(const std::string& socket);
    static PhysicalMemory of_image(const std::string& file);

    PhysicalMemory(PhysicalMemory&& other) noexcept;
    PhysicalMemory& operator=(PhysicalMemory&&) = delete;
    ~PhysicalMemory();

    std::span<const std::byte> bytes() const { return bytes_; }

private:
    explicit PhysicalMemory(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::span<const std::byte> bytes_;  // mapped
};

// The monitors' sockets that `./eft run` has put into this folder, of machines that are still there; the youngest first.
// Those of others are removed.
std::vector<std::string> machines_in(const std::string& folder);

}  // namespace eft::crash
