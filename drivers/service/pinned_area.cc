#include <drivers/service/pinned_area.h>

#include <algorithm>

namespace eft::driver {

Status PinnedArea::open(Device& device, Slot object, u64 bytes) {
    pages_.resize(bytes / kPageSize);
    EFT_TRY(pin_, device.pin(object, pages_));
    return {};
}

Result<std::size_t> PinnedArea::find(u64 offset, u64 bytes, u32 longest, std::span<hw::DmaRange> ranges) const {
    std::size_t count = 0;
    for (u64 left = bytes; left != 0;) {
        const u64 address = pages_[offset / kPageSize] + offset % kPageSize;
        const u64 length = std::min({left, kPageSize - offset % kPageSize, u64{longest}});
        hw::DmaRange* last = count != 0 ? &ranges[count - 1] : nullptr;
        if (last && last->address + last->length == address && last->length + length <= longest) {
            last->length += static_cast<u32>(length);
        } else {
            if (count == ranges.size()) return Error::OutOfRange;
            ranges[count++] = {address, static_cast<u32>(length)};
        }
        offset += length;
        left -= length;
    }
    return count;
}

}  // namespace eft::driver
