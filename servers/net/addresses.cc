#include "net/addresses.h"

#include "lwip/ip.h"
#include "lwip/netif.h"

#include <cstring>

namespace eft::net {
namespace {

constexpr u64 kMapped = 0xffff'0000;  // ::ffff:0:0/96, the word's first byte in its lowest bits

bool lacks_zone(const ip_addr_t& address) { return IP_IS_V6_VAL(address) && ip6_addr_lacks_zone(ip_2_ip6(&address), IP6_UNKNOWN); }

bool has_address(const netif& interface, const ip6_addr_t& address) {
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; ++i)
        if (!ip6_addr_isinvalid(netif_ip6_addr_state(&interface, i)) && ip6_addr_cmp_zoneless(&address, netif_ip6_addr(&interface, i))) return true;
    return false;
}

bool can_reach_neighbours(const netif& interface) {
    return netif_is_up(&interface) && netif_is_link_up(&interface) && !ip6_addr_isinvalid(netif_ip6_addr_state(&interface, 0)) &&
           ip6_addr_islinklocal(netif_ip6_addr(&interface, 0));
}

// lwIP's list begins with the newest.
const netif* interface_of(const ip6_addr_t& address) {
    const netif* first = nullptr;
    for (const netif* each = netif_list; each; each = each->next) {
        if (has_address(*each, address)) return each;
        if (can_reach_neighbours(*each)) first = each;
    }
    return first;
}

}  // namespace

Address address_of(const ip_addr_t& address) {
    if (IP_IS_ANY_TYPE_VAL(address) || ip_addr_isany_val(address)) return {};
    if (IP_IS_V4_VAL(address)) return {0, u64{ip_2_ip4(&address)->addr} << 32 | kMapped};
    Address result;
    std::memcpy(&result, ip_2_ip6(&address)->addr, sizeof result);
    return result;
}

ip_addr_t lwip_address(const Address& address) {
    ip_addr_t result{};
    if (same(address, {})) {
        IP_SET_TYPE_VAL(result, IPADDR_TYPE_ANY);
    } else if (is_ipv4(address)) {
        ip_addr_set_ip4_u32_val(result, static_cast<u32>(address.low >> 32));
    } else {
        IP_SET_TYPE_VAL(result, IPADDR_TYPE_V6);
        std::memcpy(ip_2_ip6(&result)->addr, &address, sizeof address);
        ip6_addr_clear_zone(ip_2_ip6(&result));
    }
    return result;
}

void assign_zone(ip_addr_t& address) {
    if (!lacks_zone(address)) return;
    if (const netif* const way = interface_of(*ip_2_ip6(&address))) ip6_addr_assign_zone(ip_2_ip6(&address), IP6_UNKNOWN, way);
}

void assign_zones(ip_addr_t& local, ip_addr_t& peer) {
    if (lacks_zone(peer) && IP_IS_V6_VAL(local))
        if (const netif* const way = interface_of(*ip_2_ip6(&local))) ip6_addr_assign_zone(ip_2_ip6(&peer), IP6_UNKNOWN, way);
    assign_zone(local);
}

}  // namespace eft::net
