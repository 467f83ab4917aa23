// The two rings of descriptors (3.2, 3.3): memory that the device reads and writes. Numbers are the caller's, and end in the
// order in which they were given.
//
//   [head, tail) is the device's. It marks what it has done (DD), and its word is taken for the oldest that is not ours yet.
//
// The device is not believed: what it writes are flags and a length, which is compared with that of the buffer.
#pragma once

#include <eft/abi/result.h>
#include <eft/hw/dma.h>

#include <array>
#include <optional>
#include <span>
#include <utility>

namespace eft::e1000 {

constexpr u32 kRingEntries = 256;
constexpr u64 kDescriptorBytes = 16;
constexpr u64 kRingBytes = kRingEntries * kDescriptorBytes;
// One is never given: a ring whose head is its tail is empty.
constexpr u32 kRingDepth = kRingEntries - 1;

constexpr u32 following(u32 index) { return (index + 1) % kRingEntries; }

class ReceiveRing {
public:
    // Empty. The device does not have it.
    void prepare(hw::DmaMemory memory);

    // `bytes` of the buffer may be written. Busy: not now, but after some have ended.
    Status give(u32 number, hw::DmaRange buffer);

    struct Ended {
        u32 number = 0;
        u32 bytes = 0;
        bool checksum_good = false;
    };
    // ProtocolViolation: the device has broken its rules. A frame that the device calls damaged is counted, and its buffer given again.
    Result<std::optional<Ended>> next_ended();
    bool has_ended() const;

    u32 tail() const { return tail_; }
    bool take_news() { return std::exchange(news_, false); }
    u32 take_damaged() { return std::exchange(damaged_, 0); }
    u64 address() const { return memory_.device_address; }

private:
    struct Buffer {
        u32 number;
        hw::DmaRange place;
    };

    hw::DmaMemory memory_;
    std::array<Buffer, kRingEntries> buffers_{};
    u32 head_ = 0, tail_ = 0;  // the oldest that has not ended; the next one that is free
    u32 damaged_ = 0;
    bool news_ = false;
};

// What the device is to compute (3.3.6): the sum from `start` on, at `at`. Both below 256.
struct Checksum {
    u8 start = 0;  // 0: nothing
    u8 at = 0;
    bool operator==(const Checksum&) const = default;
};

class SendRing {
public:
    static constexpr u32 kMostRanges = 4;  // of a frame

    void prepare(hw::DmaMemory memory);

    // Busy: as above. At most kMostRanges.
    Status send(u32 number, Checksum checksum, std::span<const hw::DmaRange> frame);
    std::optional<u32> next_ended();
    bool has_ended() const;
    bool is_empty() const { return first_ == last_; }

    u32 tail() const { return tail_; }
    bool take_news() { return std::exchange(news_, false); }
    u64 address() const { return memory_.device_address; }

private:
    struct Frame {
        u32 number;
        u32 end;  // the index behind its last descriptor, which is the one that the device marks
    };

    void put_context(Checksum checksum);
    u32 used() const { return (tail_ + kRingEntries - head_) % kRingEntries; }

    hw::DmaMemory memory_;
    std::array<Frame, kRingEntries> frames_{};  // from first_ to last_, as in a ring
    u32 first_ = 0, last_ = 0;
    u32 head_ = 0, tail_ = 0;
    Checksum context_;  // that the device has
    bool news_ = false;
};

}  // namespace eft::e1000
