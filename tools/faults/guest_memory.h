// The memory of a guest that lies in a file of ours, and its page tables (Intel SDM 3A, 4.5: four levels). The machine
// must not run while one looks.
#pragma once

#include "control.h"
#include "fault_type.h"

#include <cstdint>
#include <optional>
#include <string>

namespace eft::faults {

constexpr std::uint64_t kStackTop = 0x0fff'f000;  // of every process (libos/include/eft/layout.h)

// A file mapped into this process, shared with QEMU; it is made, or emptied, of this size, and removed at the end.
class SharedFile {
public:
    SharedFile(std::string path, std::uint64_t size);
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;
    ~SharedFile();

    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }
    char* bytes() const { return static_cast<char*>(bytes_); }

private:
    std::string path_;
    std::uint64_t size_;
    void* bytes_;
};

class GuestMemory {
public:
    // `bytes`: all of it, from physical address 0. `kernel_root` of the kernel's page tables, physical.
    GuestMemory(char* bytes, std::uint64_t size, std::uint64_t kernel_root)
        : bytes_(bytes), size_(size), kernel_root_(kernel_root) {}

    // The roots of all address spaces: pages whose upper half is the kernel's.
    std::vector<std::uint64_t> spaces() const;
    // Where a user address lies, or one in the kernel's image; nothing: its page is not there.
    std::optional<std::uint64_t> physical(std::uint64_t root, Address address) const;
    // The space whose code is that of `program`, of the kernel its own; nothing: there is none.
    std::optional<std::uint64_t> space_of(const Program& program) const;
    // Those whose code is that of `program`, of which some may not have run.
    std::vector<std::uint64_t> spaces_of(const Program& program) const;
    // Pages that are there, between two addresses, each as an area.
    std::vector<Area> pages(std::uint64_t root, Address begin, Address end) const;

    // Where there is a page with these bytes at its begin.
    std::vector<std::uint64_t> copies_of(std::string_view bytes) const;

    void write(std::uint64_t root, Address address, std::string_view bytes);
    void write_physical(std::uint64_t address, std::string_view bytes);

private:
    std::uint64_t entry(std::uint64_t table, unsigned index) const;
    bool holds_code_of(std::uint64_t root, const Segment& text) const;
    bool has_run(std::uint64_t root) const;

    char* bytes_;
    std::uint64_t size_, kernel_root_;
};

// The kernel's own root, from the variable of its image that has it.
std::uint64_t kernel_root(const char* memory, const Program& kernel);

}  // namespace eft::faults
