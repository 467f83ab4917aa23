// Physical memory, and the windows through which threads see their address spaces.
#pragma once

#include <memory/physical.h>

#include <cstddef>
#include <vector>

namespace eft::host {

constexpr unsigned kMemoryBits = 27;
constexpr u64 kMemoryStart = 0x1000'0000;
constexpr u64 kMemoryBytes = u64{1} << kMemoryBits;

// All of it is zero again. It is in the kernel's direct map as long as the process lives.
void empty_memory();

struct Translation {
    bool present = false;
    bool writable = false;
    kernel::PhysAddr page;
    bool executable = false;
};
// What the kernel's page table says of a user address. `root` may be null.
Translation translate(kernel::PhysAddr root, u64 user);

// 4 GiB of the Linux process's addresses. Nothing in it is accessible but what was mapped.
class Window {
public:
    Window();
    ~Window();
    Window(const Window&) = delete;

    std::byte* place() const { return place_; }
    bool contains(u64 address) const { return address - reinterpret_cast<u64>(place_) < kBytes; }
    void map(u64 user, const Translation& translation);
    // A page of nobody's, for what is looked at and means nothing.
    void map_anything(u64 user);
    // The page may be accessible no longer; Record::kAllPages: none.
    void flush(u64 user);

private:
    static constexpr u64 kBytes = u64{1} << 32;
    void map_file(u64 user, int file, u64 offset, int protection);

    std::byte* place_;
    u64 index_;
    std::vector<u64> mapped_;
};

}  // namespace eft::host
