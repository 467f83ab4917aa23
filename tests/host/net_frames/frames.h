// Frames of every protocol that the network server knows, as a machine beside it would send them, and what spoils them.
#pragma once

#include <eft/abi/types.h>

#include <array>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace eft::test {

using Frame = std::vector<u8>;
using Random = std::mt19937;
using Octets = std::array<u8, 16>;  // of an IPv4 address the first four

// Who sends, and to whom.
struct Path {
    bool ipv6 = false;
    Octets from{}, to{};

    Path reversed() const { return {ipv6, to, from}; }
};

constexpr std::array<u8, 6> kOwnCard = {0x52, 0x54, 0, 0x12, 0x34, 0x56};   // the server's
constexpr std::array<u8, 6> kPeerCard = {0x52, 0x54, 0, 0xab, 0xcd, 0xef};

enum : u8 { kIcmp = 1, kTcp = 6, kUdp = 17, kFragment6 = 44, kIcmp6 = 58 };
enum : u8 { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };

struct Segment {
    u16 from_port = 0, to_port = 0;
    u32 sequence = 0, acknowledgement = 0;
    u8 flags = 0;
    u16 window = 0;
    std::vector<u8> options = {}, bytes = {};  // the options' length is a multiple of 4
};
Frame tcp_frame(const Path& path, const Segment& segment);
// Of a frame of TCP that is whole and right.
struct Heard {
    Path path;
    Segment segment;
};
std::optional<Heard> hear_tcp(const Frame& frame);

Frame udp_frame(const Path& path, u16 from_port, u16 to_port, const std::vector<u8>& bytes);
// `rest`: the second word of the header.
Frame icmp_frame(const Path& path, u8 type, u8 code, u32 rest, const std::vector<u8>& bytes);
Frame arp_frame(u16 operation, const std::array<u8, 4>& from, const std::array<u8, 4>& to);
// Whose card has this address? By ARP, or by ND.
bool is_question_for(const Frame& frame, const std::array<u8, 4>& address);
bool is_question_for(const Frame& frame, const Octets& address);
// The answer of the machine that sends: its own.
Frame advertisement_frame(const Path& path);
// Over IPv6, whole, with so many bytes.
bool is_udp6(const Frame& frame, u32 bytes);
// What ICMPv6 says: use another way to a destination (RFC 4861, 4.5); a packet was too big (RFC 4443, 3.2).
Frame redirect_frame(const Path& path, const Octets& destination, const Octets& target);
Frame too_big_frame(const Path& path, u32 mtu);
// Of IPv4 or IPv6, whatever its contents.
Frame ip_frame(const Path& path, u8 protocol, const std::vector<u8>& contents, u16 identifier = 0, u16 fragment = 0x4000, const std::vector<u8>& options = {});
Frame fragment6_frame(const Path& path, u8 protocol, const std::vector<u8>& part, u32 identifier, u16 offset_and_more);

// Bytes that a program could have written.
std::vector<u8> some_bytes(Random& random, u32 most);
// Changes a few bytes, or the length.
void spoil(Frame& frame, Random& random);
// So that what was spoiled gets further: all sums are right again, as far as the frame can be read.
void mend_sums(Frame& frame);

}  // namespace eft::test
