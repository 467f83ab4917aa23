// Frames in areas as chains in pages: see network_card.h.
#include <drivers/virtio_net/network_card.h>

#include <eft/panic.h>

#include <algorithm>

namespace eft::virtio_net {

namespace {

constexpr u32 kShortest = 60;  // bytes of a frame on the wire, without its check sequence

Header header_of(const ethernet::Treatment& treatment) {
    Header header;
    if (treatment.checksum_start == 0) return header;
    header.flags = kNeedsChecksum;
    header.checksum_start = treatment.checksum_start;
    header.checksum_offset = static_cast<u16>(treatment.checksum_at - treatment.checksum_start);
    if (treatment.segment_bytes == 0) return header;
    header.segment_type = treatment.ipv6 ? kCutIpv6 : kCutIpv4;
    header.segment_bytes = treatment.segment_bytes;
    header.header_bytes = treatment.header_bytes;
    return header;
}

}  // namespace

ethernet::Properties NetworkCard::properties() const {
    ethernet::Properties properties;
    properties.address = device_.address();
    const auto offload = [&](u64 feature, ethernet::Offloads offered) {
        if (device_.has(feature)) properties.offloads = static_cast<ethernet::Offloads>(static_cast<u32>(properties.offloads) | static_cast<u32>(offered));
    };
    offload(kFeatureChecksum, ethernet::Offloads::SendChecksum);
    offload(kFeatureGuestChecksum, ethernet::Offloads::ReceiveChecksum);
    offload(kFeatureSegmentIpv4, ethernet::Offloads::SegmentIpv4);
    offload(kFeatureSegmentIpv6, ethernet::Offloads::SegmentIpv6);
    properties.receive_depth = device_.receive().depth();
    properties.send_depth = device_.send().depth();
    return properties;
}

void NetworkCard::set_filter(const ethernet::Filter& filter) {
    filter_ = filter;
    if (device_.control()) device_.control()->tell(filter);
}

Status NetworkCard::receive(u32 number, const ethernet::Place& buffer) {
    std::array<hw::DmaRange, FrameQueue::kMostRanges> ranges;
    EFT_TRY(const std::size_t count, find(buffer, ranges));
    return device_.receive().give(number, std::span(ranges).first(count));
}

// Zeros behind a short frame change no checksum.
Status NetworkCard::send(u32 number, const ethernet::Place& frame, const ethernet::Treatment& treatment) {
    std::array<hw::DmaRange, FrameQueue::kMostRanges> ranges;
    EFT_TRY(std::size_t count, find(frame, ranges));
    if (frame.bytes < kShortest) ranges[count++] = {device_.padding(), kShortest - frame.bytes};
    return device_.send().send(number, header_of(treatment), std::span(ranges).first(count));
}

void NetworkCard::kick() {
    device_.kick();
    if (!device_.control()) return;
    const Result<bool> rings = device_.control()->progress();
    if (!rings.ok()) broken_ = true;
    else if (*rings) device_.ring_control();
}

Result<std::optional<ethernet::Ended>> NetworkCard::next_ended() {
    if (broken_) return Error::ProtocolViolation;
    EFT_TRY(const auto sent, device_.send().next_ended());
    if (sent) return std::optional(ethernet::Ended{ethernet::Direction::Send, sent->number, Error::None, {}});
    EFT_TRY(const auto arrived, device_.receive().next_ended());
    if (!arrived) return std::optional<ethernet::Ended>();
    ethernet::Received received;
    received.bytes = arrived->bytes;
    received.checksum_good = device_.has(kFeatureGuestChecksum) && (arrived->flags & (kNeedsChecksum | kDataValid)) != 0;
    return std::optional(ethernet::Ended{ethernet::Direction::Receive, arrived->number, Error::None, received});
}

void NetworkCard::reset() {
    broken_ = false;
    beats_ = 0;
    if (!device_.start().ok()) panic("virtio_net: the device cannot be started again");
    set_filter(filter_);
}

void NetworkCard::woken(u64 bits) {
    if (own_.has_line()) {
        if (device_.take_interrupt_status().has<virtio::InterruptStatus::Configuration>()) bits |= virtio::kConfigurationBit;
        own_.acknowledge_line();
    }
    if ((bits & virtio::kConfigurationBit) != 0) look_at_configuration();
    device_.receive().queue().turn_interrupts_off();
    device_.send().queue().turn_interrupts_off();
}

void NetworkCard::look() {
    look_at_configuration();
    beats_ = device_.control() && device_.control()->is_waiting() ? beats_ + 1 : 0;
    if (beats_ > kMostBeats) broken_ = true;
}

void NetworkCard::look_at_configuration() {
    if (device_.needs_reset() || !device_.refresh().ok()) broken_ = true;
}

bool NetworkCard::prepare_to_sleep() {
    const bool none_arrived = device_.receive().queue().interrupt_after(1);
    virtio::Queue& send = device_.send().queue();
    const bool few_sent = send.interrupt_after(std::max<u16>(1, static_cast<u16>(send.in_flight() / 4 * 3)));
    return none_arrived && few_sent && !broken_;
}

}  // namespace eft::virtio_net
