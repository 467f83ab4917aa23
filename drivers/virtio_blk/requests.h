// The requests that a block device has in progress.
//
// Every request has a slot in DMA memory (header, identity, status byte) and a record in private
// memory. Tokens are the caller's; requests end in the device's order, not in ours. The device is
// not trusted: a status byte that it never wrote, fewer bytes than were asked for, or anything that
// the queue refuses, is an error and never a success.
#pragma once

#include <drivers/virtio/queue.h>
#include <drivers/virtio_blk/protocol.h>

namespace eft::virtio_blk {

// The caller's name for a request, given back with its completion.
enum class Token : u64 {};

struct Completion {
    Token token{};
    RequestType type{};
    Error error = Error::None;  // None or DeviceError
    u32 bytes = 0;              // of data, where there was no error
};

// What the device is and can do, learned when it was started.
struct Properties {
    u64 sectors = 0;
    u32 block_size = kSectorSize;  // in bytes. QEMU refuses requests that are not of whole blocks
    bool read_only = false;
    bool can_flush = false;         // without it every completed write is already stable (5.2.6.2)
    u32 most_segments = 1;          // of data in one request
    u32 longest_segment = ~u32{0};
};

class Requests {
public:
    // Header and status take two descriptors, so no more requests than this fit in a queue.
    static constexpr u16 kMaximum = virtio::kMaximumQueueSize / 2;
    // Data segments in one request.
    static constexpr u16 kMostSegments = 62;
    // What `prepare` needs.
    static u64 memory_size(u16 queue_size);

    // Forgets every request and makes the queue empty. The device must be reset (2.4.1).
    Status prepare(hw::DmaMemory memory, u16 queue_size);

    // Busy: wait for a completion and try again. Other errors are the caller's mistakes.
    Status read(const Properties& device, u64 sector, std::span<const hw::DmaRange> data, Token token);
    Status write(const Properties& device, u64 sector, std::span<const hw::DmaRange> data, Token token);
    Status flush(const Properties& device, Token token);  // NotSupported if the device cannot
    Status identify(Token token);

    // The next request that the device has ended. ProtocolViolation: the device is to be reset, and
    // what is in progress is to be done again.
    Result<std::optional<Completion>> next_completion();

    // What the last completed Identify brought.
    std::span<const char, kIdentitySize> identity() const { return identity_; }

    u16 in_progress() const { return queue_.in_flight(); }
    virtio::Queue& queue() { return queue_; }

private:
    struct Record {
        Token token{};
        RequestType type{};
        u32 bytes = 0;
    };

    Status transfer(const Properties& device, RequestType type, u64 sector,
                    std::span<const hw::DmaRange> data, Token token);
    Status submit(RequestType type, u64 sector, std::span<const hw::DmaRange> data, u32 bytes, Token token);
    Completion complete(u16 slot, u32 written);

    hw::DmaMemory slots_;
    virtio::Queue queue_;
    std::array<Record, kMaximum> records_{};
    std::array<u16, kMaximum> free_slots_{};  // a stack
    u16 free_count_ = 0;
    std::array<u16, virtio::kMaximumQueueSize> slot_of_head_{};
    std::array<char, kIdentitySize> identity_{};
};

}  // namespace eft::virtio_blk
