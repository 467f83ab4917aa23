// A client's data area as the device reaches it: pages that dev has pinned, wherever they lie in physical memory.
#pragma once

#include <drivers/service/device.h>

#include <vector>

namespace eft::driver {

class PinnedArea {
public:
    // In whole pages. OutOfRange: the object has fewer.
    Status open(Device& device, Slot object, u64 bytes);
    void close(Device& device) { device.unpin(pin_); }

    // Where [offset, offset + bytes) lies, which is in the area. Neighbouring pages make one range, of `longest` bytes at most.
    // OutOfRange: that takes more than there is room for in `ranges`.
    Result<std::size_t> find(u64 offset, u64 bytes, u32 longest, std::span<hw::DmaRange> ranges) const;

private:
    u32 pin_ = 0;
    std::vector<u64> pages_;
};

}  // namespace eft::driver
