#include "net/neighbours.h"

#include "lwip/ethip6.h"
#include "lwip/memp.h"
#include "lwip/nd6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"

#include <span>
#include <utility>

namespace eft::net {
namespace {

constexpr u8_t kWasKept = 0x80;  // of a pbuf's flags, which lwIP does not use

// The reference that was added last.
void let_go(const pbuf* packet) {
    nd6_q_entry** last = nullptr;
    for (nd6_neighbor_cache_entry& neighbour : std::span(neighbor_cache, LWIP_ND6_NUM_NEIGHBORS))
        for (nd6_q_entry** each = &neighbour.q; *each; each = &(*each)->next)
            if ((*each)->p == packet) last = each;
    if (!last) return;
    nd6_q_entry* const entry = std::exchange(*last, (*last)->next);
    pbuf_free(entry->p);
    memp_free(MEMP_ND6_QUEUE, entry);
}

}  // namespace

err_t output_to_neighbour(netif* interface, pbuf* packet, const ip6_addr_t* to) {
    const auto references = packet->ref;
    const err_t error = ethip6_output(interface, packet, to);
    if (packet->ref == references) return error;
    if (packet->flags & kWasKept) let_go(packet);
    else packet->flags |= kWasKept;
    return error;
}

}  // namespace eft::net
