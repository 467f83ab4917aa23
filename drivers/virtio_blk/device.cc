// Starting the device, and what it says of itself: see device.h.
#include <drivers/virtio_blk/device.h>

#include <algorithm>

namespace eft::virtio_blk {

namespace {

constexpr u64 kWanted = kFeatureSegmentSize | kFeatureSegmentCount | kFeatureReadOnly | kFeatureBlockSize | kFeatureFlush;
constexpr u32 kLargestBlock = 1u << 20;

}  // namespace

Status BlockDevice::start() {
    EFT_CHECK(transport_.reset(kResetLooks));
    EFT_TRY(const u64 features, transport_.negotiate(kWanted, 0));
    EFT_CHECK(read_properties(features));
    EFT_CHECK(transport_.set_config_vector(vectors_.configuration));
    EFT_TRY(const u16 size, transport_.queue_size(kRequestQueue));
    EFT_CHECK(requests_.prepare(memory_, size));
    EFT_TRY(doorbell_, transport_.set_up(kRequestQueue, requests_.queue(), vectors_.queues));
    limit_segments(size);
    transport_.start();
    return {};
}

Status BlockDevice::refresh() {
    EFT_TRY(const u64 sectors, read_capacity());
    properties_.sectors = sectors;
    return {};
}

Result<u64> BlockDevice::read_capacity() {
    if (transport_.config_length() < kCapacityLength) return transport_.give_up(Error::DeviceError);
    return transport_.read_config(
        [](hw::Mmio config) { return u64{hw::read<CapacityLow>(config).raw()} | u64{hw::read<CapacityHigh>(config).raw()} << 32; });
}

// 5.2.5: the device's own numbers, each only if its feature was negotiated, and only if sane.
Status BlockDevice::read_properties(u64 features) {
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
    EFT_TRY(const Limits limits, transport_.read_config([](hw::Mmio config) {
        return Limits{hw::read<LongestSegment>(config).raw(), hw::read<MostSegments>(config).raw(), hw::read<BlockSize>(config).raw()};
    }));
    if (features & kFeatureSegmentSize) properties.longest_segment = limits.longest_segment;
    if (features & kFeatureSegmentCount) properties.most_segments = limits.most_segments;
    if (features & kFeatureBlockSize) properties.block_size = limits.block_size;
    const u32 block = properties.block_size;
    const bool block_good = block >= kSectorSize && block <= kLargestBlock && (block & (block - 1)) == 0;
    if (!block_good || properties.most_segments == 0 || properties.longest_segment == 0) return transport_.give_up(Error::DeviceError);
    properties_ = properties;
    return {};
}

// A request must fit the queue, with its header and status, and our own list as well.
void BlockDevice::limit_segments(u16 queue_size) {
    properties_.most_segments = std::min({properties_.most_segments, queue_size - 2u, u32{Requests::kMostSegments}});
}

}  // namespace eft::virtio_blk
