// What dev would answer to a driver that is tested without it: one area of eight pages, which the device reaches. The first
// four lie side by side for it, each of the others alone. There are no capabilities here.
#pragma once

#include <devices/dma_space.h>

#include <drivers/service/device.h>

#include <string>

namespace eft::test {

// The one that is there answers driver::Device.
struct PinnedPages {
    static constexpr u32 kPages = 8, kPin = 17;

    explicit PinnedPages(DmaSpace& memory) {
        const hw::DmaMemory together = memory.allocate(4 * kPageSize);
        for (u32 i = 0; i < kPages; ++i) pages[i] = i < 4 ? together.part(i * kPageSize, kPageSize) : memory.allocate(kPageSize);
        current = this;
    }
    ~PinnedPages() { current = nullptr; }

    u8& byte_at(u64 offset) const { return static_cast<u8*>(pages[offset / kPageSize].cpu)[offset % kPageSize]; }
    void write(u64 offset, const std::string& bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i) byte_at(offset + i) = static_cast<u8>(bytes[i]);
    }
    std::string text(u64 offset, u64 length) const {
        std::string bytes;
        for (u64 i = 0; i < length; ++i) bytes += static_cast<char>(byte_at(offset + i));
        return bytes;
    }

    hw::DmaMemory pages[kPages];
    int pinned = 0;
    int acknowledged = 0;  // interrupts of the line
    static inline PinnedPages* current = nullptr;
};

}  // namespace eft::test
