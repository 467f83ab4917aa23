// Addresses as they are kept and named by clients, and as lwIP has them.
#pragma once

#include <eft/socket/address.h>

#include "lwip/ip_addr.h"

namespace eft::net {

using socket::Address;
using socket::is_any;
using socket::is_ipv4;
using socket::same;

Address address_of(const ip_addr_t& address);
// Without a zone.
ip_addr_t lwip_address(const Address& address);
// Link-local addresses have a zone in lwIP, which is that of the way to them.
void assign_zone(ip_addr_t& address);

}  // namespace eft::net
