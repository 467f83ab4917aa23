#include "caller.h"

#include <algorithm>
#include <utility>

namespace eft::test {

void Caller::introduce(Host& host) { static_cast<void>(host.turn({arp_frame(1, Host::kPeer, Host::kAddress)}, 0)); }

void Caller::listen(Host& host, u32 backlog) {
    host.open(kListener, socket::Kind::Stream);
    host.listen(kListener, kPort, backlog);
}

bool Caller::begin(std::vector<u8> options) {
    const Segment syn{.from_port = own_port_, .to_port = kPort, .sequence = kFirst, .flags = kSyn, .window = 20'000, .options = std::move(options)};
    for (const Heard& each : turn({tcp_frame(Host::path(false), syn)}, 0)) {
        if (each.segment.flags != (kSyn | kAck)) continue;
        their_first_ = each.segment.sequence;
        return true;
    }
    return false;
}

bool Caller::connect() {
    if (!begin()) return false;
    static_cast<void>(say(kAck));
    return true;
}

std::vector<Heard> Caller::say(u8 flags, std::vector<u8> bytes, u32 ahead, std::vector<u8> options) {
    const Segment segment{own_port_, kPort, kFirst + 1 + ahead, their_first_ + 1, flags, 20'000, std::move(options), std::move(bytes)};
    return turn({tcp_frame(Host::path(false), segment)}, 0);
}

u32 Caller::fill(u32 bytes) {
    u32 most = 0;
    for (int i = 0; i < 2; ++i)
        for (const Heard& each : say(kAck, std::vector<u8>(bytes))) most = std::max(most, acknowledged(each));
    return most;
}

std::vector<Heard> Caller::pass(u32 milliseconds) {
    std::vector<Heard> all;
    constexpr u32 kTurn = 50;
    for (u32 passed = 0; passed < milliseconds; passed += kTurn)
        for (Heard& each : turn({}, kTurn)) all.push_back(std::move(each));
    return all;
}

std::vector<Heard> Caller::turn(const std::vector<Frame>& frames, u32 milliseconds) {
    std::vector<Heard> heard;
    for (const Frame& each : host_.turn(frames, milliseconds))
        if (auto one = hear_tcp(each); one && one->segment.to_port == own_port_) heard.push_back(std::move(*one));
    return heard;
}

}  // namespace eft::test
