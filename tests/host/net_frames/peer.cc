#include "peer.h"

#include <algorithm>

namespace eft::test {

void Peer::hear(const Heard& heard) {
    const Segment& segment = heard.segment;
    if (segment.to_port != own_port_ || segment.from_port != port_ || heard.path.to != path_.from || heard.path.ipv6 != path_.ipv6) return;
    if (segment.flags & kRst) {
        reset_ = true;
        return;
    }
    if (segment.flags & kSyn) {
        if (!connected_) their_first_ = segment.sequence;
        connected_ = owes_answer_ = true;
        return;
    }
    if (!connected_) return;
    const u32 ahead = segment.acknowledgement - (first_ + 1) - static_cast<u32>(acknowledged_);
    if (ahead <= kPiece * kAtOnce) {
        if (ahead != 0) turns_ = 0;
        acknowledged_ += ahead;
        sent_ = std::max(sent_, acknowledged_);
        window_ = segment.window;
    }
    if (segment.bytes.empty()) return;
    owes_answer_ = true;
    const u32 known = their_first_ + 1 + static_cast<u32>(received_) - segment.sequence;  // of these bytes
    if (known > segment.bytes.size()) return;
    for (std::size_t i = known; i < segment.bytes.size(); ++i) wrong_ += segment.bytes[i] != octet_at(seed_ + 1, received_++);
}

Segment Peer::segment_at(u8 flags, u64 position, std::vector<u8> bytes) const {
    Segment segment{own_port_, port_, first_ + 1 + static_cast<u32>(position), 0, flags, 20'000, {}, std::move(bytes)};
    if (connected_) segment.acknowledgement = their_first_ + 1 + static_cast<u32>(received_);
    if (flags & kSyn) --segment.sequence;
    return segment;
}

Frame Peer::frame(u8 flags, u64 position, u32 count) const {
    std::vector<u8> bytes;
    for (u32 i = 0; i < count; ++i) bytes.push_back(octet_at(seed_, position + i));
    return tcp_frame(path_, segment_at(flags, position, std::move(bytes)));
}

void Peer::speak(std::vector<Frame>& to) {
    ++turns_;
    if (!connected_) {
        if (turns_ < kPatience) return;
        turns_ = 0;
        return to.push_back(frame(kSyn, 0, 0));
    }
    if (turns_ >= kPatience) {
        turns_ = 0;
        sent_ = acknowledged_;
        if (window_ == 0) to.push_back(frame(kAck, sent_, 1));
    }
    for (; sent_ - acknowledged_ + kPiece <= std::min(window_, kPiece * kAtOnce); sent_ += kPiece) {
        to.push_back(frame(kAck | kPsh, sent_, kPiece));
        owes_answer_ = false;
    }
    if (std::exchange(owes_answer_, false)) to.push_back(frame(kAck, sent_, 0));
}

}  // namespace eft::test
