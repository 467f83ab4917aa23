// A virtio block device (Virtual I/O Device 1.2, 5.2): everything but the program around it.
//
//     BlockDevice<hw::Mmio> device(windows);
//     device.start(memory, vectors, pause);
//     device.requests().read(device.properties(), sector, pages, token);
//     device.kick();                        // once for any number of requests
//     ... interrupt ...
//     for (auto next = device.requests().next_completion(); next.ok() && *next; ...)
//
// `start` resets the device first and waits for it, so it works in whatever state the last
// incarnation died, and no request of the last incarnation can touch memory afterwards. After an
// error from next_completion, or when needs_reset() says so, `start` is simply called again.
#pragma once

#include <drivers/virtio/transport.h>
#include <drivers/virtio_blk/requests.h>

namespace eft::virtio_blk {

constexpr u16 kRequestQueue = 0;  // 5.2.2

// MSI-X vectors, or virtio::kNoVector.
struct Vectors {
    u16 configuration = virtio::kNoVector;
    u16 requests = 0;
};

template <hw::RegisterAccess Access>
class BlockDevice {
public:
    explicit BlockDevice(virtio::Windows<Access> windows) : transport_(windows) {}

    // `memory` is the device's from here on, until it is reset. Requests::memory_size of
    // virtio::kMaximumQueueSize is enough for every device. The caller's data pages are separate.
    template <hw::Pause P>
    Status start(hw::DmaMemory memory, Vectors vectors, P pause) {
        EFT_CHECK(transport_.reset(pause));
        EFT_TRY(const u64 features, transport_.negotiate(kWanted, 0));
        EFT_CHECK(read_properties(features));
        EFT_CHECK(transport_.set_config_vector(vectors.configuration));
        EFT_TRY(const u16 size, transport_.queue_size(kRequestQueue));
        EFT_CHECK(requests_.prepare(memory, size));
        EFT_TRY(doorbell_, transport_.set_up(kRequestQueue, requests_.queue(), vectors.requests));
        limit_segments(size);
        transport_.start();
        return {};
    }

    // No request can be in progress afterwards, and no memory is written any more.
    template <hw::Pause P>
    Status stop(P pause) {
        return transport_.reset(pause);
    }

    // Tells the device that there are new requests, if it wants to be told.
    void kick() {
        if (requests_.queue().needs_notification()) transport_.ring(doorbell_);
    }

    // 5.2.5.2: the capacity may change while the device runs; the configuration interrupt says so.
    Status refresh() {
        EFT_TRY(const u64 sectors, read_capacity());
        properties_.sectors = sectors;
        return {};
    }

    bool needs_reset() { return transport_.needs_reset(); }
    const Properties& properties() const { return properties_; }
    Requests& requests() { return requests_; }

private:
    static constexpr u64 kWanted = kFeatureSegmentSize | kFeatureSegmentCount | kFeatureReadOnly |
                                   kFeatureBlockSize | kFeatureFlush;
    static constexpr u32 kLargestBlock = 1u << 20;

    Result<u64> read_capacity() {
        if (transport_.config_length() < kCapacityLength) return transport_.give_up(Error::DeviceError);
        return transport_.read_config([](Access& config) {
            return u64{hw::read<CapacityLow>(config).raw()} |
                   u64{hw::read<CapacityHigh>(config).raw()} << 32;
        });
    }

    // 5.2.5: the device's own numbers, each only if its feature was negotiated, and only if sane.
    Status read_properties(u64 features) {
        Properties properties;
        EFT_TRY(properties.sectors, read_capacity());
        properties.read_only = features & kFeatureReadOnly;
        properties.can_flush = features & kFeatureFlush;
        properties_ = properties;
        if ((features & (kFeatureSegmentSize | kFeatureSegmentCount | kFeatureBlockSize)) == 0) return {};
        if (transport_.config_length() < kConfigLength) return transport_.give_up(Error::DeviceError);

        struct Limits {
            u32 longest_segment, most_segments, block_size;
        };
        EFT_TRY(const Limits limits, transport_.read_config([](Access& config) {
            return Limits{hw::read<LongestSegment>(config).raw(), hw::read<MostSegments>(config).raw(),
                          hw::read<BlockSize>(config).raw()};
        }));
        if (features & kFeatureSegmentSize) properties.longest_segment = limits.longest_segment;
        if (features & kFeatureSegmentCount) properties.most_segments = limits.most_segments;
        if (features & kFeatureBlockSize) properties.block_size = limits.block_size;
        const u32 block = properties.block_size;
        const bool block_good = block >= kSectorSize && block <= kLargestBlock && (block & (block - 1)) == 0;
        if (!block_good || properties.most_segments == 0 || properties.longest_segment == 0)
            return transport_.give_up(Error::DeviceError);
        properties_ = properties;
        return {};
    }

    // A request must fit the queue and our own list as well.
    void limit_segments(u16 queue_size) {
        const u32 room = queue_size - 2u;  // header and status
        if (properties_.most_segments > room) properties_.most_segments = room;
        if (properties_.most_segments > Requests::kMostSegments)
            properties_.most_segments = Requests::kMostSegments;
    }

    virtio::Transport<Access> transport_;
    Requests requests_;
    Properties properties_;
    virtio::Doorbell doorbell_;
};

}  // namespace eft::virtio_blk
