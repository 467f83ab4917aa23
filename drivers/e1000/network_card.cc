#include <drivers/e1000/network_card.h>

#include <eft/panic.h>

#include <algorithm>

namespace eft::e1000 {

namespace {

constexpr u32 kShortest = 60;  // bytes of a frame on the wire, without its check sequence
constexpr u32 kMostOffset = 255;  // of a checksum: eight bits
static_assert(kLongestReceived <= ethernet::kLeastBuffer && ethernet::kLeastBuffer <= kBufferBytes);

}  // namespace

ethernet::Properties NetworkCard::properties() const {
    ethernet::Properties properties;
    properties.address = controller_.address();
    properties.offloads = static_cast<ethernet::Offloads>(static_cast<u32>(ethernet::Offloads::SendChecksum) |
                                                          static_cast<u32>(ethernet::Offloads::ReceiveChecksum));
    properties.receive_depth = kRingDepth;
    properties.send_depth = kRingDepth / SendRing::kMostRanges;
    return properties;
}

void NetworkCard::set_filter(const ethernet::Filter& filter) {
    filter_ = filter;
    controller_.set_filter(filter);
}

Status NetworkCard::receive(u32 number, const ethernet::Place& buffer) {
    std::array<hw::DmaRange, 1> range;
    EFT_TRY([[maybe_unused]] const std::size_t count, area_of(buffer).find(buffer.offset, ethernet::kLeastBuffer, ethernet::kLeastBuffer, range));
    return controller_.receive().give(number, range[0]);
}

// Zeros behind a short frame change no checksum.
Status NetworkCard::send(u32 number, const ethernet::Place& frame, const ethernet::Treatment& treatment) {
    if (treatment.checksum_at > kMostOffset) return Error::OutOfRange;
    std::array<hw::DmaRange, SendRing::kMostRanges> ranges;
    EFT_TRY(std::size_t count, area_of(frame).find(frame.offset, frame.bytes, kBufferBytes, std::span(ranges).first(SendRing::kMostRanges - 1)));
    if (frame.bytes < kShortest) ranges[count++] = {controller_.padding(), kShortest - frame.bytes};
    const Checksum checksum{static_cast<u8>(treatment.checksum_start), static_cast<u8>(treatment.checksum_at)};
    return controller_.send().send(number, checksum, std::span(ranges).first(count));
}

Result<std::optional<ethernet::Ended>> NetworkCard::next_ended() {
    if (broken_) return Error::ProtocolViolation;
    if (const auto sent = controller_.send().next_ended()) return std::optional(ethernet::Ended{ethernet::Direction::Send, *sent, Error::None, {}});
    EFT_TRY(const auto arrived, controller_.receive().next_ended());
    if (!arrived) return std::optional<ethernet::Ended>();
    ethernet::Received received;
    received.bytes = arrived->bytes;
    received.checksum_good = arrived->checksum_good;
    return std::optional(ethernet::Ended{ethernet::Direction::Receive, arrived->number, Error::None, received});
}

void NetworkCard::reset() {
    broken_ = false;
    if (!controller_.start().ok()) panic("e1000: the device cannot be started again");
    controller_.set_filter(filter_);
}

// The line may be that of other devices, too: then there are no causes.
void NetworkCard::woken(u64 bits) {
    if ((bits & kInterruptBit) == 0) return;
    const auto causes = controller_.take_causes();
    own_.acknowledge_line();
    if (causes.has<Causes::LinkChanged>() && !controller_.refresh().ok()) broken_ = true;
}

void NetworkCard::look() {
    if (!controller_.refresh().ok()) broken_ = true;
    else lost_ += controller_.take_lost();
}

}  // namespace eft::e1000
