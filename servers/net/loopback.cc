#include "net/loopback.h"

#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"

#include <utility>

namespace eft::net {
namespace {

// The last piece of the first frame, whose pieces and those of all others are one chain (netif_loop_output_multicast()).
pbuf& end_of_first(const netif& of) {
    pbuf* last = of.loop_first;
    while (last->len != last->tot_len) last = last->next;
    return *last;
}

void take_one(netif& from) {
    pbuf* const frame = from.loop_first;
    pbuf& last = end_of_first(from);
    for (const pbuf* piece = frame; piece != last.next; piece = piece->next) --from.loop_cnt_current;
    from.loop_first = last.next;
    if (!from.loop_first) from.loop_last = nullptr;
    last.next = nullptr;
    if (ip_input(frame, &from) != ERR_OK) pbuf_free(frame);
}

}  // namespace

u32 looped_frames() {
    u32 count = 0;
    for (const netif* each = netif_list; each; each = each->next)
        for (const pbuf* piece = each->loop_first; piece; piece = piece->next) count += piece->len == piece->tot_len;
    return count;
}

void take_looped(u32 count) {
    for (netif* each = netif_list; each; each = each->next)
        for (; each->loop_first && count != 0; --count) take_one(*each);
}

void drop_looped() {
    for (netif* each = netif_list; each; each = each->next) {
        if (each->loop_first) pbuf_free(std::exchange(each->loop_first, nullptr));
        each->loop_last = nullptr;
        each->loop_cnt_current = 0;
    }
}

}  // namespace eft::net
