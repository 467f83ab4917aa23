#include "net/frame.h"

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"

#include <algorithm>
#include <cstring>

namespace eft::net {

// A driver can bring frames that are shorter than any on a wire (IEEE 802.3, 3.2.8; without its checksum). lwIP reads the head of
// an IP packet before it compares its length with what has come, so there are bytes for it.
void take_frame(netif& interface, std::span<const std::byte> bytes) {
    constexpr std::size_t kLeast = 60;
    if (bytes.size() < SIZEOF_ETH_HDR) return;
    pbuf* const frame = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(std::max(bytes.size(), kLeast)), PBUF_RAM);
    if (!frame) return;
    pbuf_take(frame, bytes.data(), static_cast<u16_t>(bytes.size()));
    if (bytes.size() < kLeast) std::memset(static_cast<std::byte*>(frame->payload) + bytes.size(), 0, kLeast - bytes.size());
    if (interface.input(frame, &interface) != ERR_OK) pbuf_free(frame);
}

}  // namespace eft::net
