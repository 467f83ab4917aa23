// Starting the device, and what it says of itself: see device.h.
#include <drivers/virtio_net/device.h>

namespace eft::virtio_net {

namespace {

constexpr u64 kRequired = kFeatureAddress;
constexpr u64 kWanted = kFeatureChecksum | kFeatureGuestChecksum | kFeatureSegmentIpv4 | kFeatureSegmentIpv6 | kFeatureStatus | kFeatureControlQueue |
                        kFeatureControlReceive | kFeatureSpeed | virtio::kFeatureEventIndex;
constexpr u64 kPaddingBytes = 64;

constexpr u64 largest(u64 (*size)(u16)) { return (size(virtio::kMaximumQueueSize) + 63) & ~u64{63}; }

// 5.1.3.1: what needs what. A device that offers one without the other breaks a rule.
bool belong_together(u64 features) {
    const auto needs = [features](u64 feature, u64 other) { return (features & feature) == 0 || (features & other) != 0; };
    return needs(kFeatureSegmentIpv4, kFeatureChecksum) && needs(kFeatureSegmentIpv6, kFeatureChecksum) && needs(kFeatureControlReceive, kFeatureControlQueue);
}

}  // namespace

u64 NetworkDevice::memory_size() { return 2 * largest(FrameQueue::memory_size) + largest(ControlQueue::memory_size) + kPaddingBytes; }

Status NetworkDevice::start() {
    EFT_CHECK(transport_.reset(kResetLooks));
    EFT_CHECK(negotiate());
    EFT_CHECK(read_address());
    EFT_CHECK(refresh());
    EFT_CHECK(transport_.set_config_vector(vectors_.configuration));
    EFT_CHECK(start_queues());
    transport_.start();
    return {};
}

Status NetworkDevice::negotiate() {
    EFT_TRY(features_, transport_.negotiate(kWanted, kRequired));
    if (!belong_together(features_)) return transport_.give_up(Error::DeviceError);
    const u64 length = has(kFeatureSpeed) ? kSpeedLength : has(kFeatureStatus) ? kStatusLength : kAddressLength;
    return transport_.config_length() < length ? Status(transport_.give_up(Error::DeviceError)) : Status();
}

Status NetworkDevice::read_address() {
    EFT_TRY(address_, transport_.read_config([](hw::Mmio config) {
        u64 address = 0;
        for (u32 byte = 0; byte < kAddressBytes; ++byte) address |= u64{config.read<u8>(kAddressOffset + byte)} << (8 * byte);
        return address;
    }));
    return {};
}

Status NetworkDevice::refresh() {
    const bool has_status = has(kFeatureStatus), has_speed = has(kFeatureSpeed);
    EFT_TRY(link_, transport_.read_config([=](hw::Mmio config) {
        ethernet::Link link;
        link.up = !has_status || hw::read<LinkStatus>(config).has<LinkStatus::Up>();
        const u32 speed = has_speed ? hw::read<Speed>(config).raw() : 0;
        link.megabits = speed < kUnknownSpeed ? speed : 0;
        return link;
    }));
    return {};
}

Status NetworkDevice::start_queues() {
    const u64 each = largest(FrameQueue::memory_size);
    const virtio::Wishes wishes = has(virtio::kFeatureEventIndex) ? virtio::Wishes::Index : virtio::Wishes::Flag;
    const auto prepare_frames = [&](FrameQueue& frames, u16 index, virtio::Doorbell& bell) -> Status {
        EFT_TRY(const u16 size, transport_.queue_size(index));
        EFT_CHECK(frames.prepare(memory_.part(index * each, each), size, wishes));
        EFT_TRY(bell, transport_.set_up(index, frames.queue(), vectors_.queues));
        return {};
    };
    EFT_CHECK(prepare_frames(receive_, kReceiveQueue, receive_bell_));
    EFT_CHECK(prepare_frames(send_, kSendQueue, send_bell_));
    padding_ = memory_.part(memory_size() - kPaddingBytes, kPaddingBytes);
    padding_.clear();
    if (!control()) return {};
    EFT_TRY(const u16 size, transport_.queue_size(kControlQueue));
    EFT_CHECK(control_.prepare(memory_.part(2 * each, largest(ControlQueue::memory_size)), size, wishes));
    EFT_TRY(control_bell_, transport_.set_up(kControlQueue, control_.queue(), virtio::kNoVector));
    return {};
}

void NetworkDevice::kick() {
    if (receive_.take_news() && receive_.queue().needs_notification()) transport_.ring(receive_bell_);
    if (send_.take_news() && send_.queue().needs_notification()) transport_.ring(send_bell_);
}

}  // namespace eft::virtio_net
