// The other end of a connection that goes on whatever else comes: a small TCP of the test's own, which sends a known stream, checks
// the one that comes, and sends again what is not acknowledged.
#pragma once

#include "frames.h"

namespace eft::test {

// Of the stream with this seed.
constexpr u8 octet_at(u32 seed, u64 position) {
    const u64 mixed = (position + 1) * 0x9e37'79b9'7f4a'7c15 + seed * 0xbf58'476d'1ce4'e5b9;
    return static_cast<u8>(mixed >> 56 ^ mixed >> 24);
}

class Peer {
public:
    Peer(const Path& path, u16 own_port, u16 port, u32 seed) : path_(path), own_port_(own_port), port_(port), seed_(seed) {}

    // Takes what is for this connection.
    void hear(const Heard& heard);
    // What it sends in this turn.
    void speak(std::vector<Frame>& to);

    // A segment with these bytes, as the peer would send it now.
    Segment segment(u8 flags, std::vector<u8> bytes) const { return segment_at(flags, sent_, std::move(bytes)); }

    bool is_connected() const { return connected_; }
    bool was_reset() const { return reset_; }
    u64 received() const { return received_; }
    u64 acknowledged() const { return acknowledged_; }
    u64 wrong() const { return wrong_; }
    u32 seed() const { return seed_; }

private:
    static constexpr u32 kPiece = 700, kAtOnce = 4, kPatience = 40;  // turns until it sends again
    Segment segment_at(u8 flags, u64 position, std::vector<u8> bytes) const;
    Frame frame(u8 flags, u64 position, u32 bytes) const;

    Path path_;
    u16 own_port_, port_;
    u32 seed_;
    bool connected_ = false, reset_ = false, owes_answer_ = false;
    u32 first_ = 1'000'000, their_first_ = 0;  // numbers of the SYNs
    u64 sent_ = 0, acknowledged_ = 0, received_ = 0, wrong_ = 0;
    u32 window_ = 0, turns_ = kPatience;
};

}  // namespace eft::test
