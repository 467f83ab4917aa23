// Frame: one page of memory that can be mapped, of 4 KiB or of 2 MiB. It has no object of its own: all that is known of it
// stands in the capability's `data`.
//
// A frame starts writable. Sealing exchanges the write permission for the execute permission in its
// only capability, for good: no physical page is ever both, in any address space, nor in the direct map.
#pragma once

#include <object/capability.h>

namespace eft::kernel {

class FrameData {
public:
    static FrameData of(const Capability& cap) { return FrameData(cap.data); }
    static constexpr FrameData fresh(bool device, bool large) {
        return FrameData(kOriginal | (device ? kDevice : 0) | (large ? kLarge : 0));
    }

    u64 mapped_address() const { return value_ & ~(kPageSize - 1); }
    // Made by retype, not derived: the ancestor of all capabilities to this page.
    bool original() const { return value_ & kOriginal; }
    bool device() const { return value_ & kDevice; }
    bool sealed() const { return value_ & kSealed; }
    bool large() const { return value_ & kLarge; }
    u64 bytes() const { return large() ? u64{1} << kLargeFrameBits : kPageSize; }
    // Of the page tables whose entries map it.
    unsigned level() const { return large() ? 2 : 1; }

    u64 mapped_at(u64 address) const { return flags() | address; }
    u64 unmapped() const { return flags(); }
    u64 derived() const { return flags() & ~kOriginal; }
    u64 with_seal() const { return value_ | kSealed; }
    u64 value() const { return value_; }

private:
    static constexpr u64 kOriginal = 1;
    static constexpr u64 kDevice = 2;
    static constexpr u64 kSealed = 4;
    static constexpr u64 kLarge = 8;

    constexpr explicit FrameData(u64 value) : value_(value) {}
    u64 flags() const { return value_ & (kPageSize - 1); }

    u64 value_;
};

Error seal_frame(FrameCap frame);

}  // namespace eft::kernel
