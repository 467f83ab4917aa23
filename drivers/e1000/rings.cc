#include <drivers/e1000/rings.h>

namespace eft::e1000 {

namespace {

// A receive descriptor: 3.2.3.
namespace received {
constexpr u64 kAddress = 0, kLength = 8, kStatus = 12, kErrors = 13;
constexpr u8 kDone = 1 << 0, kEndOfFrame = 1 << 1, kIgnoreChecksum = 1 << 2, kTransportChecked = 1 << 5;
constexpr u8 kTransportWrong = 1 << 5, kNetworkWrong = 1 << 6;
// All others are of the frame itself: 3.2.3.2.
constexpr u8 kDamaged = static_cast<u8>(~(kTransportWrong | kNetworkWrong));
}  // namespace received

// Data and context descriptors: 3.3.7 and 3.3.6.
namespace sent {
constexpr u64 kAddress = 0, kCommand = 8, kStatus = 12;
constexpr u64 kNetworkPart = 0, kTransportPart = 4;  // of a context
constexpr u32 kData = 1u << 20, kEndOfFrame = 1u << 24, kInsertCheck = 1u << 25, kReport = 1u << 27, kExtended = 1u << 29;
constexpr u32 kDone = 1 << 0;
constexpr u32 kInsertTransportChecksum = 1u << 9;
}  // namespace sent

hw::DmaMemory descriptor(const hw::DmaMemory& ring, u32 index) { return ring.part(index * kDescriptorBytes, kDescriptorBytes); }

}  // namespace

void ReceiveRing::prepare(hw::DmaMemory memory) {
    memory_ = memory;
    memory_.clear();
    head_ = tail_ = 0;
    news_ = false;
}

Status ReceiveRing::give(u32 number, hw::DmaRange buffer) {
    if (following(tail_) == head_) return Error::Busy;
    const hw::DmaMemory place = descriptor(memory_, tail_);
    place.store<u64>(received::kAddress, buffer.address);
    place.store<u64>(received::kLength, 0);  // and the status
    buffers_[tail_] = {number, buffer};
    tail_ = following(tail_);
    news_ = true;
    return {};
}

bool ReceiveRing::has_ended() const { return head_ != tail_ && (descriptor(memory_, head_).load<u8>(received::kStatus) & received::kDone) != 0; }

Result<std::optional<ReceiveRing::Ended>> ReceiveRing::next_ended() {
    while (has_ended()) {
        hw::dma_read_barrier();
        const hw::DmaMemory place = descriptor(memory_, head_);
        const u8 status = place.load<u8>(received::kStatus), errors = place.load<u8>(received::kErrors);
        const u32 bytes = place.load<u16>(received::kLength);
        const Buffer buffer = buffers_[head_];
        // The longest frame fits one buffer.
        if ((status & received::kEndOfFrame) == 0 || bytes > buffer.place.length) return Error::ProtocolViolation;
        head_ = following(head_);
        if ((errors & received::kDamaged) != 0) {
            ++damaged_;
            EFT_CHECK(give(buffer.number, buffer.place));
            continue;
        }
        const bool checked = (status & received::kIgnoreChecksum) == 0 && (status & received::kTransportChecked) != 0;
        return std::optional(Ended{buffer.number, bytes, checked && (errors & received::kTransportWrong) == 0});
    }
    return std::optional<Ended>();
}

void SendRing::prepare(hw::DmaMemory memory) {
    memory_ = memory;
    memory_.clear();
    first_ = last_ = head_ = tail_ = 0;
    context_ = {};
    news_ = false;
}

Status SendRing::send(u32 number, Checksum checksum, std::span<const hw::DmaRange> frame) {
    const bool new_context = checksum.start != 0 && checksum != context_;
    if (frame.empty() || frame.size() > kMostRanges) return Error::OutOfRange;
    if (used() + frame.size() + new_context > kRingDepth) return Error::Busy;
    if (new_context) put_context(checksum);
    for (const hw::DmaRange& range : frame) {
        const bool last = &range == &frame.back();
        const hw::DmaMemory place = descriptor(memory_, tail_);
        place.store<u64>(sent::kAddress, range.address);
        place.store<u32>(sent::kCommand, range.length | sent::kData | sent::kExtended | sent::kInsertCheck |
                                             (last ? sent::kEndOfFrame | sent::kReport : 0));
        place.store<u32>(sent::kStatus, checksum.start != 0 ? sent::kInsertTransportChecksum : 0);
        tail_ = following(tail_);
    }
    frames_[last_] = {number, tail_};
    last_ = following(last_);
    news_ = true;
    return {};
}

// The sum goes to the frame's end: TUCSE is 0.
void SendRing::put_context(Checksum checksum) {
    const hw::DmaMemory place = descriptor(memory_, tail_);
    place.store<u32>(sent::kNetworkPart, 0);
    place.store<u32>(sent::kTransportPart, u32{checksum.start} | u32{checksum.at} << 8);
    place.store<u32>(sent::kCommand, sent::kExtended);
    place.store<u32>(sent::kStatus, 0);
    tail_ = following(tail_);
    context_ = checksum;
}

bool SendRing::has_ended() const {
    if (is_empty()) return false;
    const u32 last = (frames_[first_].end + kRingEntries - 1) % kRingEntries;
    return (descriptor(memory_, last).load<u32>(sent::kStatus) & sent::kDone) != 0;
}

std::optional<u32> SendRing::next_ended() {
    if (!has_ended()) return {};
    const Frame frame = frames_[first_];
    head_ = frame.end;
    first_ = following(first_);
    return frame.number;
}

}  // namespace eft::e1000
