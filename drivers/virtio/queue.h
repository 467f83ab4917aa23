// A split virtqueue, driver's side (Virtual I/O Device 1.2, 2.7).
//
//      descriptor table            available ring              used ring
//      written by us               written by us               written by the device
//     ┌──────────────────┐        ┌─────────────────┐         ┌──────────────────┐
//     │ address, length, │◄───────│ head, head, ... │         │ (head, written), │
//     │ flags, next      │        │ index ──────────┼─►       │ ...     index ───┼─►
//     └──────────────────┘        └─────────────────┘         └──────────────────┘
//
// The device is not trusted. It can write all of this memory, so the memory is never read back
// except for the used ring: which descriptors are free, how chains hang together and how much each
// may be written to is kept in private memory. The used index is read once and checked against the
// number of chains in flight; an entry is copied and then checked. What breaks the rules is
// `ProtocolViolation`, and from then on the queue refuses everything until the device is reset and
// the queue prepared again.
#pragma once

#include <eft/abi/result.h>
#include <eft/hw/dma.h>

#include <array>
#include <optional>
#include <span>

namespace eft::virtio {

// The largest queue that is used. A device that offers more is given this size (4.1.4.3.2).
constexpr u16 kMaximumQueueSize = 256;

// A piece of a request, as the device addresses it. Without initial values, so that an array of
// them costs nothing until it is filled.
struct Segment {
    hw::DmaRange range;
    bool device_writes;
};

// Where the three parts lie in the queue's memory: 2.7 gives sizes and alignments.
struct QueueShape {
    u16 size = 0;  // a power of two
    u64 descriptors() const { return 0; }
    u64 available() const { return 16ull * size; }
    u64 used() const { return (available() + 6 + 2ull * size + 3) & ~3ull; }
    u64 total() const { return used() + 6 + 8ull * size; }
};

// How each side says when it wants to be told of something new: by a flag, or by the index that makes it news
// (VIRTIO_F_EVENT_IDX). With the index one who was told is not told again until he has said so.
enum class Wishes : u8 { Flag, Index };

// A chain that the device has given back.
struct UsedChain {
    u16 head = 0;     // what `submit` returned
    u32 written = 0;  // bytes, at most what the chain allowed
};

class Queue {
public:
    // Makes the queue empty, in memory that is aligned to 16 bytes, has room for
    // `QueueShape{size}.total()`, and is the queue's until the device is reset. Before
    // the first time, and after the device broke the rules, the queue refuses everything.
    Status prepare(hw::DmaMemory memory, u16 size, Wishes wishes = Wishes::Flag);

    // Offers one chain to the device and returns its head. Readable segments stand before writable
    // ones (2.7.4.2). Busy if there are not enough free descriptors.
    Result<u16> submit(std::span<const Segment> segments);

    // After one or more submits: does the device want to be notified? (2.7.10)
    bool needs_notification();

    // The next chain that the device has finished with, in its order.
    Result<std::optional<UsedChain>> take_used();
    // There is one, as far as the device says.
    bool has_used() const { return used_index() != used_seen_; }

    // Interrupts are a hint: the device may still send some after they were turned off (2.7.7).
    void turn_interrupts_off();
    // From now on the device shall interrupt when it has finished with so many more chains; by a flag, with each. False: it
    // has done so already, and may not interrupt.
    bool interrupt_after(u16 chains);

    u16 size() const { return shape_.size; }
    u16 free_descriptors() const { return free_count_; }
    u16 in_flight() const { return in_flight_; }

    u64 descriptors_address() const { return memory_.device_address + shape_.descriptors(); }
    u64 available_address() const { return memory_.device_address + shape_.available(); }
    u64 used_address() const { return memory_.device_address + shape_.used(); }

private:
    // What we know of each descriptor, out of the device's reach.
    struct Descriptor {
        u16 next = 0;           // in its chain, or in the free list
        u16 chain_length = 0;   // of the chain that starts here and is in flight; 0: none does
        u32 writable = 0;       // bytes that the device may write in that chain
    };

    u16 used_index() const;
    void wish_interrupt_at(u16 index);
    Error break_down();
    void release(u16 head);

    hw::DmaMemory memory_;
    QueueShape shape_;
    std::array<Descriptor, kMaximumQueueSize> descriptors_{};
    u16 free_head_ = 0;
    u16 free_count_ = 0;
    u16 in_flight_ = 0;        // chains
    u16 available_index_ = 0;  // ours; the copy in memory is for the device only
    u16 notified_index_ = 0;   // available_index_ when the device's wish was last read
    u16 used_seen_ = 0;
    Wishes wishes_ = Wishes::Flag;
    bool broken_ = true;
};

}  // namespace eft::virtio
