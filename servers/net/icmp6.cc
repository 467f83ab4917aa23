#include "net/icmp6.h"

#include "lwip/ip.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/prot/icmp6.h"

#include <algorithm>
#include <span>

namespace eft::net {
namespace {

// False: the packet is too short for it.
bool read(const pbuf& packet, u32 at, auto& to) { return at <= packet.tot_len && pbuf_copy_partial(&packet, &to, sizeof to, static_cast<u16_t>(at)) == sizeof to; }

bool read_address(const pbuf& packet, u32 at, ip6_addr_t& to) {
    u32 words[4];
    if (!read(packet, at, words)) return false;
    to = {};
    std::ranges::copy(words, to.addr);
    ip6_addr_assign_zone(&to, IP6_UNICAST, ip_current_input_netif());
    return true;
}

// Each option has a length, and is there (RFC 4861, 6.1 and 7.1). lwIP reads an address behind the packet's end from one without.
bool has_whole_options(const pbuf& packet, u32 at) {
    u8 option[2];
    for (; at < packet.tot_len; at += option[1] * 8u)
        if (!read(packet, at, option) || option[1] == 0 || at + option[1] * 8u > packet.tot_len) return false;
    return true;
}

// A neighbour tells everybody that an address is its own which is this machine's, and has been checked when it was new (RFC 4862,
// 5.4). lwIP would give it up, and abort all connections that have it.
bool claims_own_address(const pbuf& packet, u32 message) {
    constexpr u32 kTarget = 8;
    if (!ip6_addr_ismulticast(ip6_current_dest_addr())) return false;
    u32 target[4];
    if (!read(packet, message + kTarget, target)) return false;
    const netif* const interface = ip_current_input_netif();
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; ++i)
        if (ip6_addr_isvalid(netif_ip6_addr_state(interface, i)) && std::ranges::equal(target, netif_ip6_addr(interface, i)->addr)) return true;
    return false;
}

// Only who is the first router on the way to a destination may name another one (RFC 4861, 8.1).
// A destination on the link has no router before it.
bool is_from_first_router(const pbuf& packet, u32 message) {
    constexpr u32 kTarget = 8, kDestination = 24;
    ip6_addr_t target, destination;
    if (!read_address(packet, message + kTarget, target) || !read_address(packet, message + kDestination, destination)) return false;
    if (!ip6_addr_islinklocal(&target) && !ip6_addr_cmp(&target, &destination)) return false;
    for (const nd6_destination_cache_entry& each : std::span(destination_cache, LWIP_ND6_NUM_DESTINATIONS))
        if (ip6_addr_cmp(&each.destination_addr, &destination))
            return ip6_addr_cmp(&each.next_hop_addr, ip6_current_src_addr()) && !ip6_addr_cmp(&each.next_hop_addr, &destination);
    return false;
}

// A path gets narrower by this, and not below what all of IPv6 can do (RFC 8201, 4). lwIP cuts packets to fit whatever it is told.
bool narrows_path(const pbuf& packet, u32 message) {
    constexpr u32 kMtu = 4, kQuoted = 8, kDestination = kQuoted + 24, kLeast = 1280;
    u32 mtu;
    ip6_addr_t destination;
    if (!read(packet, message + kMtu, mtu) || !read_address(packet, message + kDestination, destination)) return false;
    mtu = lwip_ntohl(mtu);
    return mtu >= kLeast && mtu < nd6_get_destination_mtu(&destination, ip_current_input_netif());
}

}  // namespace

bool is_believable(const pbuf& packet, u16 head_bytes) {
    u8 type;
    if (!read(packet, head_bytes, type)) return false;
    switch (type) {
        case ICMP6_TYPE_RS: return has_whole_options(packet, head_bytes + 8u);
        case ICMP6_TYPE_RA: return has_whole_options(packet, head_bytes + 16u);
        case ICMP6_TYPE_NS: return has_whole_options(packet, head_bytes + 24u);
        case ICMP6_TYPE_NA: return has_whole_options(packet, head_bytes + 24u) && !claims_own_address(packet, head_bytes);
        case ICMP6_TYPE_RD: return has_whole_options(packet, head_bytes + 40u) && is_from_first_router(packet, head_bytes);
        case ICMP6_TYPE_PTB: return narrows_path(packet, head_bytes);
        default: return true;
    }
}

}  // namespace eft::net
