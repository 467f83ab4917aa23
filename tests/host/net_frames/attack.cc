#include "attack.h"

#include "host.h"

#include <algorithm>
#include <utility>

namespace eft::test {
namespace {

void put(std::vector<u8>& to, auto... bytes) {
    (to.push_back(static_cast<u8>(bytes)), ...);
}
void put_name(std::vector<u8>& to, std::string_view name) { to.insert(to.end(), name.begin(), name.end()), to.push_back(0); }

}  // namespace

Path Attack::path(bool ipv6) {
    Path path = Host::path(ipv6);
    if (one_in(3)) path.from[ipv6 ? 15 : 3] = static_cast<u8>(random_());  // another neighbour
    if (one_in(20)) path.to = ipv6 ? Octets{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1} : Octets{224, 0, 0, 1};
    if (one_in(40)) path.from = path.to;
    return path;
}

u16 Attack::edge() {
    constexpr u16 kEdges[] = {0, 1, 7, 8, 0x7fff, 0x8000, 0xfffe, 0xffff};
    return one_in(2) ? kEdges[random_() % std::size(kEdges)] : static_cast<u16>(random_());
}

Frame Attack::next() {
    Frame frame = some_frame();
    if (one_in(3)) {
        spoil(frame, random_);
        if (!one_in(3)) mend_sums(frame);
    }
    // What was spoiled must not have become a true word about a connection that is to go on.
    if (const auto heard = hear_tcp(frame); heard && heard->segment.to_port == kSparedPort) return spared();
    if (frame.size() > 5 && one_in(10)) frame[5] = static_cast<u8>(kOwnCard[5] + 1);  // to the other interface
    if (frame.size() > 1600) frame.resize(1600);
    return frame;
}

std::vector<Frame> Attack::next(u32 count) {
    std::vector<Frame> frames;
    for (u32 i = 0; i < count; ++i) frames.push_back(next());
    return frames;
}

Frame Attack::some_frame() {
    switch (random_() % 16) {
        case 0: return noise();
        case 1: return arp();
        case 2: return icmp();
        case 3: return neighbour();
        case 4:
        case 5: return fragment();
        case 6: return extended();
        case 7: return datagram();
        case 8: return dhcp();
        case 9: return name_answer();
        case 10:
        case 11: return syn();
        case 12: return spared();
        default: return spoiled_segment();
    }
}

Frame Attack::noise() {
    Frame frame = some_bytes(random_, 200);
    frame.resize(frame.size() + 14);
    if (one_in(2)) std::ranges::copy(kOwnCard, frame.begin());
    constexpr u16 kTypes[] = {0x0800, 0x86dd, 0x0806, 0x8100};
    const u16 type = kTypes[random_() % std::size(kTypes)];
    if (one_in(2)) frame[12] = static_cast<u8>(type >> 8), frame[13] = static_cast<u8>(type);
    return frame;
}

Frame Attack::arp() {
    std::array<u8, 4> from = {10, 0, 0, static_cast<u8>(random_())};
    if (one_in(4)) from = Host::kPeer;
    return arp_frame(static_cast<u16>(1 + random_() % 3), from, one_in(4) ? from : Host::kAddress);
}

Frame Attack::icmp() {
    const bool ipv6 = one_in(2);
    // Errors quote a packet.
    const Path quoted = path(ipv6).reversed();
    Frame inner = one_in(2) ? udp_frame(quoted, kDatagramPort, edge(), some_bytes(random_, 40)) : tcp_frame(quoted, {.from_port = kStreamPort, .to_port = edge()});
    inner.erase(inner.begin(), inner.begin() + 14);
    constexpr u8 kTypes4[] = {0, 3, 4, 5, 8, 11, 13}, kTypes6[] = {1, 2, 3, 4, 128, 129, 130, 131};
    const u8 type = ipv6 ? kTypes6[random_() % std::size(kTypes6)] : kTypes4[random_() % std::size(kTypes4)];
    return icmp_frame(path(ipv6), type, static_cast<u8>(random_() % 6), random_(), one_in(3) ? some_bytes(random_, 1400) : inner);
}

// Solicitations, advertisements, routers and redirects, with options that say what they like of their length.
Frame Attack::neighbour() {
    const u8 type = static_cast<u8>(133 + random_() % 5);
    std::vector<u8> bytes;
    if (type == 134) put(bytes, 0, 0, 0, 0, 0, 0, 0, 0);
    if (type >= 135) bytes.insert(bytes.end(), Host::kAddress6.begin(), Host::kAddress6.end());
    if (type >= 135 && one_in(3)) bytes[bytes.size() - 1] = static_cast<u8>(random_());
    if (type == 137) bytes.insert(bytes.end(), Host::kPeer6.begin(), Host::kPeer6.end());
    for (u32 count = random_() % 4; count != 0; --count) {
        const u8 option = one_in(5) ? static_cast<u8>(random_()) : static_cast<u8>(1 + random_() % 5);
        const u32 length = one_in(4) ? random_() % 256 : option == 3 ? 4 : 1;
        put(bytes, option, length);
        for (u32 i = 2; i < std::min<u32>(length, 4) * 8; ++i) bytes.push_back(static_cast<u8>(random_()));
    }
    return icmp_frame(path(true), type, one_in(10) ? 1 : 0, random_(), bytes);
}

Frame Attack::fragment() {
    const u32 identifier = random_() % 6;
    const u32 offset = one_in(6) ? random_() % 8192 : random_() % 24;
    const u32 more = random_() % 2;
    std::vector<u8> bytes = some_bytes(random_, one_in(4) ? 1400 : 64);
    if (!one_in(5)) bytes.resize(bytes.size() / 8 * 8);
    const u8 protocol = one_in(2) ? u8{kUdp} : u8{kTcp};
    if (one_in(2)) return fragment6_frame(path(true), protocol, bytes, identifier, static_cast<u16>(offset << 3 | more));
    return ip_frame(path(false), protocol, bytes, static_cast<u16>(identifier), static_cast<u16>(more << 13 | offset));
}

// IPv4's options, IPv6's headers.
Frame Attack::extended() {
    const bool ipv6 = one_in(2);
    const Frame whole = udp_frame(path(ipv6), 1, kDatagramPort, some_bytes(random_, 30));
    std::vector<u8> contents(whole.begin() + 14 + (ipv6 ? 40 : 20), whole.end());
    if (!ipv6) {
        std::vector<u8> options = some_bytes(random_, 40);
        options.resize(options.size() / 4 * 4);
        return ip_frame(path(false), kUdp, contents, 0, 0, options);
    }
    u8 next = kUdp;
    for (u32 count = 1 + random_() % 5; count != 0; --count) {
        constexpr u8 kHeaders[] = {0, 43, 44, 59, 60, 135};
        std::vector<u8> header = {next, static_cast<u8>(one_in(3) ? random_() : 0)};
        for (int i = 0; i < 6; ++i) header.push_back(static_cast<u8>(one_in(2) ? random_() : random_() % 6));
        contents.insert(contents.begin(), header.begin(), header.end());
        next = kHeaders[random_() % std::size(kHeaders)];
    }
    return ip_frame(path(true), next, contents);
}

Frame Attack::datagram() { return udp_frame(path(one_in(2)), edge(), one_in(4) ? edge() : kDatagramPort, some_bytes(random_, 1400)); }

// To the interface that asks. What it asked with it does not tell, so its number is guessed.
Frame Attack::dhcp() {
    std::vector<u8> bytes = {2, 1, 6, 0};
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<u8>(random_()));
    bytes.resize(28);
    bytes[16] = 10, bytes[19] = 77;
    bytes.insert(bytes.end(), kOwnCard.begin(), kOwnCard.end());
    bytes.resize(236);
    put(bytes, 99, 130, 83, 99, 53, 1, 2 + random_() % 5);
    for (u32 count = random_() % 8; count != 0; --count) {
        put(bytes, random_() % 64, one_in(3) ? random_() : random_() % 9);
        for (u32 i = random_() % 9; i != 0; --i) bytes.push_back(static_cast<u8>(random_()));
    }
    if (!one_in(3)) bytes.push_back(255);
    Path to = path(false);
    if (one_in(2)) to.to = {255, 255, 255, 255};
    return udp_frame(to, 67, 68, bytes);
}

Frame Attack::name_answer() {
    std::vector<u8> bytes;
    put(bytes, random_(), random_(), 0x81, 0x80, 0, one_in(5) ? random_() : 1, 0, random_() % 4, 0, 0, 0, 0);
    for (u32 count = 1 + random_() % 3; count != 0; --count) {
        if (one_in(3)) put(bytes, 0xc0, random_() % 64);
        else put_name(bytes, one_in(2) ? "\7example\3org" : "\77example");
        put(bytes, 0, one_in(2) ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, one_in(4) ? random_() : 4, 192, 0, 2, random_());
    }
    return udp_frame(path(one_in(2)), 53, static_cast<u16>(49152 + random_() % 16384), bytes);
}

std::vector<u8> Attack::tcp_options() {
    std::vector<u8> options;
    if (one_in(2)) {
        put(options, 2, 4, random_() % 8, random_());
        if (one_in(2)) put(options, 3, 3, random_() % 20, 1);
        if (one_in(2)) put(options, 4, 2, 8, 10, random_(), random_(), random_(), random_(), 0, 0, 0, 0);
    } else {
        options = some_bytes(random_, 40);
    }
    options.resize(std::min<std::size_t>(options.size() / 4 * 4, 40));
    return options;
}

Frame Attack::syn() {
    Segment segment{.from_port = edge(), .to_port = kStreamPort, .sequence = static_cast<u32>(random_()), .flags = kSyn, .window = edge(), .options = tcp_options()};
    Connection& connection = connections_[random_() % connections_.size()];
    connection = {path(one_in(2)), segment.from_port, segment.sequence + 1, 0};
    return tcp_frame(connection.path, segment);
}

void Attack::hear(const Heard& heard) {
    for (Connection& each : connections_)
        if (each.port == heard.segment.to_port && each.path.from == heard.path.to)
            each.acknowledgement = heard.segment.sequence + static_cast<u32>(heard.segment.bytes.size()) + (heard.segment.flags & (kSyn | kFin) ? 1 : 0);
}

// For a connection that is to go on, from its own ports, far outside of what its ends wait for.
Frame Attack::spared() {
    const bool ipv6 = one_in(2);
    constexpr u32 kFar = 0x4000'0000;
    Segment segment{.from_port = static_cast<u16>(ipv6 ? 7002 : 7001), .to_port = kSparedPort, .sequence = kFar + static_cast<u32>(random_() % kFar), .flags = static_cast<u8>(random_() & 0x1d),
                    .window = edge(), .bytes = some_bytes(random_, 100)};
    segment.acknowledgement = random_();
    return tcp_frame(Host::path(ipv6), segment);
}

// Of a connection of its own: overlapping pieces, ends, windows that shut, options of any kind.
Frame Attack::spoiled_segment() {
    Connection& connection = connections_[random_() % connections_.size()];
    if (connection.port == 0) return syn();
    constexpr u8 kFlags[] = {kAck, kAck, kAck | kPsh, kAck | kPsh, kAck | kFin, kRst, kRst | kAck, kSyn, kSyn | kAck, 0, 0xff};
    const u16 windows[] = {0, 1, 10, 1460, 0xffff};
    Segment segment{.from_port = connection.port, .to_port = kStreamPort, .sequence = connection.sequence, .acknowledgement = connection.acknowledgement,
                    .flags = kFlags[random_() % std::size(kFlags)], .window = windows[random_() % std::size(windows)]};
    if (one_in(3)) segment.sequence += static_cast<u32>(random_() % 6000) - 3000;
    if (one_in(6)) segment.acknowledgement += static_cast<u32>(random_() % 6000) - 3000;
    if (one_in(3)) segment.options = tcp_options();
    if (!one_in(3)) segment.bytes = some_bytes(random_, one_in(3) ? 1400 : 60);
    if (one_in(2)) connection.sequence = segment.sequence + static_cast<u32>(segment.bytes.size());
    return tcp_frame(connection.path, segment);
}

}  // namespace eft::test
