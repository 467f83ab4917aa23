// What is sent to a neighbour by IPv6.
#pragma once

#include "lwip/ip6_addr.h"
#include "lwip/netif.h"

namespace eft::net {

// As ethip6_output(). A packet of which lwIP keeps a reference until the neighbour's address is known is kept once only: when the
// address comes, lwIP sends what is kept until nothing is left, and if it has meanwhile given the neighbour's place away it would keep
// and send the same packet for ever.
err_t output_to_neighbour(netif* interface, pbuf* packet, const ip6_addr_t* to);

}  // namespace eft::net
