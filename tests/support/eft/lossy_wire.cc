#include "lossy_wire.h"

namespace eft::test {
namespace {

constexpr std::uint64_t kTime = 1, kReordered = 3, kDelayed = 40;  // milliseconds; a frame that is sent behind this one takes kTime

}  // namespace

void LossyWire::send(Frame frame, std::uint64_t now) {
    ++counts_.frames;
    if (happens(faults_.lost)) {
        ++counts_.lost;
        return;
    }
    std::uint64_t at = now + kTime;
    if (happens(faults_.delayed)) ++counts_.delayed, at += 1 + random_() % kDelayed;
    if (happens(faults_.reordered)) ++counts_.reordered, at += kReordered;
    if (happens(faults_.doubled)) ++counts_.doubled, under_way_.emplace(at + random_() % kDelayed, frame);
    if (happens(faults_.corrupted)) corrupt(frame);
    under_way_.emplace(at, std::move(frame));
}

// One bit, which the sums of IP, TCP, UDP and ICMP all notice. ARP has none of its own: on a cable it is Ethernet's that guards it,
// and who believed a spoiled answer would talk to nobody for minutes.
void LossyWire::corrupt(Frame& frame) {
    constexpr std::size_t kType = 12;
    const bool is_arp = frame.size() > kType + 1 && frame[kType] == 0x08 && frame[kType + 1] == 0x06;
    if (frame.empty() || is_arp) return;
    ++counts_.corrupted;
    frame[random_() % frame.size()] ^= static_cast<std::uint8_t>(1u << random_() % 8);
}

std::vector<LossyWire::Frame> LossyWire::arrived(std::uint64_t now) {
    std::vector<Frame> frames;
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
        frames.push_back(std::move(under_way_.begin()->second));
        under_way_.erase(under_way_.begin());
    }
    return frames;
}

std::optional<std::uint64_t> LossyWire::next() const {
    if (under_way_.empty()) return {};
    return under_way_.begin()->first;
}

}  // namespace eft::test
