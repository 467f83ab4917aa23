#include "net/addresses.h"

#include "lwip/ip.h"
#include "lwip/netif.h"

#include <cstring>

namespace eft::net {
namespace {

constexpr u64 kMapped = 0xffff'0000;  // ::ffff:0:0/96, the word's first byte in its lowest bits

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
    if (!IP_IS_V6_VAL(address) || !ip6_addr_lacks_zone(ip_2_ip6(&address), IP6_UNKNOWN)) return;
    if (netif* const way = ip_route(IP6_ADDR_ANY, &address)) ip6_addr_assign_zone(ip_2_ip6(&address), IP6_UNKNOWN, way);
}

}  // namespace eft::net
