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
// Link-local addresses have a zone in lwIP, the interface, and clients name none. Of an address of this machine it is the interface
// that has it, of another one's the first interface with a link.
void assign_zone(ip_addr_t& address);
// The peer of a connection is where the own address is.
void assign_zones(ip_addr_t& local, ip_addr_t& peer);

}  // namespace eft::net
