// Addresses as they are kept, and as lwIP has them.
#pragma once

#include <eft/abi/types.h>

#include "lwip/ip_addr.h"

namespace eft::net {

// An IPv6 address in the order of the network; IPv4's a.b.c.d is ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). All zero: any. `low` has
// the last eight bytes, each word the byte that comes first in its lowest bits.
struct Address {
    u64 high = 0, low = 0;
    bool operator==(const Address&) const = default;
};

Address address_of(const ip_addr_t& address);
ip_addr_t lwip_address(const Address& address);

}  // namespace eft::net
