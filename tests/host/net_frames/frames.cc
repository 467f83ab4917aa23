#include "frames.h"

#include <algorithm>
#include <initializer_list>

namespace eft::test {
namespace {

constexpr u32 kEther = 14, kHead4 = 20, kHead6 = 40;

void put16(std::vector<u8>& to, u32 value) { to.insert(to.end(), {static_cast<u8>(value >> 8), static_cast<u8>(value)}); }
void put32(std::vector<u8>& to, u32 value) { put16(to, value >> 16), put16(to, value); }
void put(std::vector<u8>& to, const auto& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
u32 get16(const u8* at) { return u32{at[0]} << 8 | at[1]; }
u32 get32(const u8* at) { return get16(at) << 16 | get16(at + 2); }
void set16(u8* at, u32 value) { at[0] = static_cast<u8>(value >> 8), at[1] = static_cast<u8>(value); }

u32 add(u32 sum, const u8* at, std::size_t size) {
    for (; size >= 2; size -= 2, at += 2) sum += get16(at);
    return size != 0 ? sum + (u32{*at} << 8) : sum;
}
u16 folded(u32 sum) {
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(~sum);
}
u32 pseudo_sum(const Path& path, u8 protocol, std::size_t size) {
    const std::size_t address = path.ipv6 ? 16 : 4;
    return add(add(protocol + static_cast<u32>(size), path.from.data(), address), path.to.data(), address);
}

std::vector<u8> with_sum(const Path& path, u8 protocol, std::vector<u8> contents, std::size_t at) {
    const bool has_pseudo = protocol != kIcmp;
    set16(&contents[at], folded(add(has_pseudo ? pseudo_sum(path, protocol, contents.size()) : 0, contents.data(), contents.size())));
    return contents;
}

Frame ether(u16 type) {
    Frame frame;
    put(frame, kOwnCard), put(frame, kPeerCard), put16(frame, type);
    return frame;
}

// Where the contents of an IP packet begin, of which protocol they are, and where their sum is. Nothing: it cannot be said.
struct Contents {
    Path path;
    u8 protocol;
    u32 at, end, sum_at;
};
std::optional<Contents> contents_of(const Frame& frame) {
    if (frame.size() < kEther + kHead4) return {};
    const u8* const ip = frame.data() + kEther;
    const u32 type = get16(frame.data() + 12), there = static_cast<u32>(frame.size());
    Contents found{};
    if (type == 0x0800 && ip[0] >> 4 == 4) {
        if ((get16(ip + 6) & 0x3fff) != 0) return {};
        std::copy_n(ip + 12, 4, found.path.from.begin()), std::copy_n(ip + 16, 4, found.path.to.begin());
        found.protocol = ip[9];
        found.at = kEther + (ip[0] & 15) * 4;
        found.end = kEther + get16(ip + 2);
    } else if (type == 0x86dd && there >= kEther + kHead6) {
        found.path.ipv6 = true;
        std::copy_n(ip + 8, 16, found.path.from.begin()), std::copy_n(ip + 24, 16, found.path.to.begin());
        found.protocol = ip[6];
        found.at = kEther + kHead6;
        found.end = found.at + get16(ip + 4);
        for (int i = 0; i < 8 && (found.protocol == 0 || found.protocol == 43 || found.protocol == 60) && found.at + 8 <= there; ++i) {
            found.protocol = frame[found.at];
            found.at += (frame[found.at + 1] + 1u) * 8;
        }
    } else {
        return {};
    }
    switch (found.protocol) {
        case kTcp: found.sum_at = found.at + 16; break;
        case kUdp: found.sum_at = found.at + 6; break;
        case kIcmp:
        case kIcmp6: found.sum_at = found.at + 2; break;
        default: return {};
    }
    found.end = std::min(found.end, there);
    if (found.sum_at + 2 > found.end) return {};
    return found;
}

}  // namespace

Frame ip_frame(const Path& path, u8 protocol, const std::vector<u8>& contents, u16 identifier, u16 fragment, const std::vector<u8>& options) {
    if (path.ipv6) {
        Frame frame = ether(0x86dd);
        put32(frame, 6u << 28), put16(frame, static_cast<u32>(contents.size()));
        frame.push_back(protocol), frame.push_back(255);
        put(frame, path.from), put(frame, path.to), put(frame, contents);
        return frame;
    }
    Frame frame = ether(0x0800);
    const u32 head = kHead4 + static_cast<u32>(options.size());
    frame.push_back(static_cast<u8>(4 << 4 | head / 4)), frame.push_back(0);
    put16(frame, head + static_cast<u32>(contents.size())), put16(frame, identifier), put16(frame, fragment);
    frame.push_back(64), frame.push_back(protocol), put16(frame, 0);
    frame.insert(frame.end(), path.from.begin(), path.from.begin() + 4), frame.insert(frame.end(), path.to.begin(), path.to.begin() + 4);
    put(frame, options);
    set16(&frame[kEther + 10], folded(add(0, &frame[kEther], head)));
    put(frame, contents);
    return frame;
}

Frame fragment6_frame(const Path& path, u8 protocol, const std::vector<u8>& part, u32 identifier, u16 offset_and_more) {
    std::vector<u8> contents = {protocol, 0};
    put16(contents, offset_and_more), put32(contents, identifier), put(contents, part);
    return ip_frame(path, kFragment6, contents);
}

Frame tcp_frame(const Path& path, const Segment& segment) {
    std::vector<u8> contents;
    put16(contents, segment.from_port), put16(contents, segment.to_port), put32(contents, segment.sequence), put32(contents, segment.acknowledgement);
    contents.push_back(static_cast<u8>((5 + segment.options.size() / 4) << 4)), contents.push_back(segment.flags);
    put16(contents, segment.window), put32(contents, 0), put(contents, segment.options), put(contents, segment.bytes);
    return ip_frame(path, kTcp, with_sum(path, kTcp, std::move(contents), 16));
}

std::optional<Heard> hear_tcp(const Frame& frame) {
    const auto contents = contents_of(frame);
    if (!contents || contents->protocol != kTcp || contents->end - contents->at < 20) return {};
    const u8* const tcp = frame.data() + contents->at;
    const u32 head = (tcp[12] >> 4) * 4u, size = contents->end - contents->at;
    if (head < 20 || head > size) return {};
    if (folded(add(pseudo_sum(contents->path, kTcp, size), tcp, size)) != 0) return {};
    Segment segment{static_cast<u16>(get16(tcp)), static_cast<u16>(get16(tcp + 2)), get32(tcp + 4), get32(tcp + 8), tcp[13], static_cast<u16>(get16(tcp + 14)),
                    {tcp + 20, tcp + head}, {tcp + head, tcp + size}};
    return Heard{contents->path, std::move(segment)};
}

Frame udp_frame(const Path& path, u16 from_port, u16 to_port, const std::vector<u8>& bytes) {
    std::vector<u8> contents;
    put16(contents, from_port), put16(contents, to_port), put16(contents, 8 + static_cast<u32>(bytes.size())), put16(contents, 0), put(contents, bytes);
    return ip_frame(path, kUdp, with_sum(path, kUdp, std::move(contents), 6));
}

Frame icmp_frame(const Path& path, u8 type, u8 code, u32 rest, const std::vector<u8>& bytes) {
    std::vector<u8> contents = {type, code, 0, 0};
    put32(contents, rest), put(contents, bytes);
    const u8 protocol = path.ipv6 ? kIcmp6 : kIcmp;
    return ip_frame(path, protocol, with_sum(path, protocol, std::move(contents), 2));
}

Frame arp_frame(u16 operation, const std::array<u8, 4>& from, const std::array<u8, 4>& to) {
    Frame frame = ether(0x0806);
    put16(frame, 1), put16(frame, 0x0800), put16(frame, 6 << 8 | 4), put16(frame, operation);
    put(frame, kPeerCard), put(frame, from), put(frame, kOwnCard), put(frame, to);
    return frame;
}

bool is_question_for(const Frame& frame, const std::array<u8, 4>& address) {
    constexpr u32 kEnd = kEther + 28, kOperation = kEther + 6, kTarget = kEther + 24;  // RFC 826
    return frame.size() >= kEnd && get16(&frame[12]) == 0x0806 && get16(&frame[kOperation]) == 1 && std::equal(address.begin(), address.end(), &frame[kTarget]);
}

bool is_question_for(const Frame& frame, const Octets& address) {
    constexpr u32 kType = kEther + kHead6, kTarget = kType + 8;  // RFC 4861, 4.3
    return frame.size() >= kTarget + 16 && get16(&frame[12]) == 0x86dd && frame[kEther + 6] == kIcmp6 && frame[kType] == 135 &&
           std::equal(address.begin(), address.end(), &frame[kTarget]);
}

Frame advertisement_frame(const Path& path) {
    std::vector<u8> rest(path.from.begin(), path.from.end());
    rest.insert(rest.end(), {2, 1});  // the card's address, in units of 8 bytes
    put(rest, kPeerCard);
    return icmp_frame(path, 136, 0, 0x6000'0000, rest);  // solicited, and newer than what was known
}

bool is_udp6(const Frame& frame, u32 bytes) {
    return frame.size() == kEther + kHead6 + 8 + bytes && get16(&frame[12]) == 0x86dd && frame[kEther + 6] == kUdp;
}

Frame redirect_frame(const Path& path, const Octets& destination, const Octets& target) {
    std::vector<u8> rest(target.begin(), target.end());
    put(rest, destination);
    return icmp_frame(path, 137, 0, 0, rest);
}

Frame too_big_frame(const Path& path, u32 mtu) {
    const Frame quoted = udp_frame(path.reversed(), 1, 9, std::vector<u8>(1000));
    return icmp_frame(path, 2, 0, mtu, {quoted.begin() + kEther, quoted.end()});
}

std::vector<u8> some_bytes(Random& random, u32 most) {
    std::vector<u8> bytes(random() % (most + 1));
    for (u8& each : bytes) each = static_cast<u8>(random());
    return bytes;
}

void spoil(Frame& frame, Random& random) {
    constexpr u8 kEdges[] = {0, 1, 4, 5, 6, 8, 0x7f, 0x80, 0xfe, 0xff};
    for (u32 times = 1 + random() % 4; times != 0; --times) {
        // Heads are short, and what they say decides.
        const std::size_t at = random() % (random() % 2 ? std::min<std::size_t>(frame.size(), 80) : frame.size());
        switch (random() % 6) {
            case 0: frame[at] ^= static_cast<u8>(1 << random() % 8); break;
            case 1: frame[at] = static_cast<u8>(random()); break;
            case 2: frame[at] = kEdges[random() % std::size(kEdges)]; break;
            case 3: frame.resize(std::max<std::size_t>(at, 1)); break;
            case 4: frame.insert(frame.begin() + static_cast<long>(at), 1 + random() % 40, static_cast<u8>(random())); break;
            default: frame.erase(frame.begin() + static_cast<long>(at), frame.begin() + static_cast<long>(at + std::min<std::size_t>(frame.size() - at - (at == 0), 1 + random() % 8)));
        }
    }
}

void mend_sums(Frame& frame) {
    if (frame.size() >= kEther + kHead4 && get16(frame.data() + 12) == 0x0800) {
        u8* const ip = frame.data() + kEther;
        const u32 head = std::min<u32>((ip[0] & 15) * 4u, static_cast<u32>(frame.size()) - kEther);
        set16(ip + 10, 0);
        set16(ip + 10, folded(add(0, ip, head)));
    }
    const auto contents = contents_of(frame);
    if (!contents) return;
    const u32 size = contents->end - contents->at;
    set16(&frame[contents->sum_at], 0);
    set16(&frame[contents->sum_at], folded(add(contents->protocol == kIcmp ? 0 : pseudo_sum(contents->path, contents->protocol, size), &frame[contents->at], size)));
}

}  // namespace eft::test
