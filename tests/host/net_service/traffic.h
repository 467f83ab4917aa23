// What clients send each other: bytes that say by themselves where they belong, so that one which is lost, damaged or doubled is
// seen.
#pragma once

#include "net_scene.h"

namespace eft::test {

constexpr u16 kPort = 4000;

// Of a stream with this seed.
constexpr std::byte byte_at(u32 seed, u64 position) {
    const u64 mixed = (position + 1) * 0x9e37'79b9'7f4a'7c15 + seed * 0xbf58'476d'1ce4'e5b9;
    return static_cast<std::byte>(mixed >> 56 ^ mixed >> 24);
}

// One end of a connection: sends all of its bytes in odd pieces, and then their end, while it reads to the end of the peer's.
struct Exchange {
    socket::Address address = kIpv4Self;  // where the listener is
    u64 to_send = 5000, to_receive = 5000;
    u32 own_seed = 1, peer_seed = 2;
    bool receives_first = false;

    u64 received = 0, wrong = 0;
    bool peer_has_ended = false;
    Error error = Error::None;  // what ended it before

};
// How it went, in words; empty if it is right.
std::string complaint(const Exchange& what);
Task<Status> exchange(socket::Stream& stream, Exchange& what);

// Programs of one end each, whose socket is closed when both directions have ended.
Task<void> call(socket::Sockets& sockets, Exchange& what);
Task<void> answer(socket::Sockets& sockets, Exchange& what);

// Two clients, one of which calls the other; all goes well, and nothing is left when they have ended.
void check_exchange(NetScene& scene, Exchange calling, Exchange listening);

}  // namespace eft::test
