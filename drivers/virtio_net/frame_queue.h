// One direction of a network device: a queue of chains, each of which is a header in DMA memory of ours and then a frame, or
// the place for one, in memory of the client. So the client's memory has frames alone, and the device never reads a header
// that a client can write.
//
// Without mergeable buffers (VIRTIO_NET_F_MRG_RXBUF) a frame has one chain. With them the device puts a frame's further bytes
// at the beginning of further chains: 12 bytes of them into a header of ours, which the client does not see. Frames are longer
// than a buffer only if the device may join segments (GUEST_TSO), which it may not; so there is nothing to merge.
//
// Numbers are the caller's; chains end in the device's order. A written length shorter than the header is a broken rule.
#pragma once

#include <drivers/virtio/queue.h>
#include <drivers/virtio_net/protocol.h>

#include <utility>

namespace eft::virtio_net {

// The fields of a header that are used, as a sender fills them in and a receiver finds them.
struct Header {
    u8 flags = 0;
    u8 segment_type = kNotCut;
    u16 header_bytes = 0;
    u16 segment_bytes = 0;
    u16 checksum_start = 0;
    u16 checksum_offset = 0;
};

class FrameQueue {
public:
    // 64 KiB that begin anywhere in a page, and padding.
    static constexpr u32 kMostRanges = 18;
    // A chain takes two descriptors or more.
    static constexpr u16 kMaximum = virtio::kMaximumQueueSize / 2;
    static u64 memory_size(u16 queue_size);

    // Forgets every frame and makes the queue empty. The device must be reset (2.4.1). `memory` is aligned to 64 bytes.
    Status prepare(hw::DmaMemory memory, u16 queue_size, virtio::Wishes wishes);

    // Busy: not now, but after some have ended.
    Status give(u32 number, std::span<const hw::DmaRange> buffer) { return submit(number, {}, buffer, true); }
    Status send(u32 number, const Header& header, std::span<const hw::DmaRange> frame) { return submit(number, header, frame, false); }

    struct Ended {
        u32 number = 0;
        u32 bytes = 0;  // that the device wrote behind the header
        u8 flags = 0;   // of the header
    };
    // ProtocolViolation: the device is to be reset, and what is in progress is lost.
    Result<std::optional<Ended>> next_ended();

    // Something was given or sent since the last time this was asked.
    bool take_news() { return std::exchange(news_, false); }

    virtio::Queue& queue() { return queue_; }
    u16 depth() const { return static_cast<u16>(queue_.size() / 2); }

private:
    struct Record {
        u32 number;
        bool device_writes;
    };

    Status submit(u32 number, const Header& header, std::span<const hw::DmaRange> ranges, bool device_writes);
    hw::DmaMemory slot(u16 index) const;

    hw::DmaMemory slots_;
    virtio::Queue queue_;
    std::array<Record, kMaximum> records_{};
    std::array<u16, kMaximum> free_slots_{};  // a stack
    u16 free_count_ = 0;
    bool news_ = false;
    std::array<u16, virtio::kMaximumQueueSize> slot_of_head_{};
};

}  // namespace eft::virtio_net
