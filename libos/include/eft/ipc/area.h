// A place in the data area that a session shares with its server.
//
// On the wire it is an offset and a length. On the client's side AreaSpan comes from whoever allocates in the area; on
// the server's side the decoder has checked it against the session's area before a handler sees it. The bytes
// themselves can change at any time: the other side has them mapped, and a device may reach them by DMA. So whatever
// decides something must be copied out of the area first.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <span>

namespace eft::ipc {

class AreaSpan {
public:
    AreaSpan() = default;
    AreaSpan(std::byte* area, u32 offset, u32 length) : area_(area), offset_(offset), length_(length) {}

    u32 offset() const { return offset_; }
    u32 size() const { return length_; }
    std::span<std::byte> bytes() const { return {area_ + offset_, length_}; }

    // Wire form: offset in the low half.
    u64 bits() const { return u64{length_} << 32 | offset_; }
    static AreaSpan from_bits(u64 word, std::span<std::byte> area) {
        return AreaSpan(area.data(), static_cast<u32>(word), static_cast<u32>(word >> 32));
    }
    static bool inside(u64 word, std::span<std::byte> area) {
        return (word & 0xffff'ffff) + (word >> 32) <= area.size();
    }

private:
    std::byte* area_ = nullptr;
    u32 offset_ = 0;
    u32 length_ = 0;
};

}  // namespace eft::ipc
