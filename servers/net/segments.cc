#include "net/segments.h"

#include "net/sockets.h"

#include "lwip/inet_chksum.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <algorithm>
#include <cstring>

namespace eft::net {
namespace {

// A peer that uses its port again, for a connection whose sequence numbers lie behind those of the one that has ended (RFC 9293,
// 3.10.7.4: TIME-WAIT). lwIP would only acknowledge the old one.
bool begins_again(const tcp_pcb& ended, const tcp_hdr& header) {
    return (TCPH_FLAGS(&header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && TCP_SEQ_GT(header.seqno, ended.rcv_nxt);
}

bool is_in_one_piece(const tcp_hdr& header, const pbuf& segment) {
    return reinterpret_cast<const u8*>(&header) + TCPH_HDRLEN_BYTES(&header) == segment.payload;
}

void put_in_network_order(tcp_hdr& header) {
    header.src = lwip_htons(header.src);
    header.dest = lwip_htons(header.dest);
    header.seqno = lwip_htonl(header.seqno);
    header.ackno = lwip_htonl(header.ackno);
    header.wnd = lwip_htons(header.wnd);
}

// Only the first SYN says how large segments may be (RFC 9293, 3.7.1). lwIP would take it from any segment, and those that are queued would be
// too large to be sent, without a timer, for ever.
void forget_segment_size(tcp_hdr& header) {
    constexpr u8 kEnd = 0, kNothing = 1, kSegmentSize = 2;
    u8* at = reinterpret_cast<u8*>(&header + 1);
    u8* const end = reinterpret_cast<u8*>(&header) + TCPH_HDRLEN_BYTES(&header);
    while (at < end && *at != kEnd) {
        if (*at == kNothing) {
            ++at;
            continue;
        }
        if (end - at < 2 || at[1] < 2 || end - at < at[1]) return;
        u8* const next = at + at[1];
        if (*at == kSegmentSize) std::fill(at, next, kNothing);
        at = next;
    }
}

// The segment is given to lwIP as it came, in the middle of its being taken in: all that follows there is that it is freed.
void take_in_again(tcp_hdr& header, pbuf& segment) {
    if (!is_in_one_piece(header, segment) || pbuf_add_header(&segment, TCPH_HDRLEN_BYTES(&header)) != 0) return;  // the peer says it again
    put_in_network_order(header);
    pbuf_ref(&segment);
    tcp_input(&segment, ip_current_input_netif());
}

// The peer has acknowledged our SYN, and that was lost, so that its bytes are the first to say it. They may have no ring yet, and
// must not be taken: the acknowledgement is, as if it had come alone, in the same way as above.
void finish_handshake(const tcp_hdr& header, const pbuf& segment) {
    const u16 bytes = TCPH_HDRLEN_BYTES(&header);
    if (!is_in_one_piece(header, segment)) return;
    pbuf* const alone = pbuf_alloc(PBUF_RAW, bytes, PBUF_RAM);
    if (!alone) return;
    std::memcpy(alone->payload, &header, bytes);
    tcp_hdr& head = *static_cast<tcp_hdr*>(alone->payload);
    TCPH_UNSET_FLAG(&head, TCP_FIN | TCP_PSH);
    forget_segment_size(head);
    put_in_network_order(head);
    head.chksum = 0;
    head.chksum = ip_chksum_pseudo(alone, IP_PROTO_TCP, bytes, ip_current_src_addr(), ip_current_dest_addr());
    tcp_input(alone, ip_current_input_netif());
}

// The peer's SYN has come, and another one comes. lwIP would take options from it that the first did not have, with a window that
// it holds to be untouched.
void answer_again(tcp_pcb& control, const tcp_hdr& header) {
    if (header.seqno != control.rcv_nxt - 1 || TCPH_FLAGS(&header) & TCP_ACK) return;
    tcp_rexmit(&control);
    tcp_output(&control);
}

// What the peer may have said: a number that does not lie behind the window, and an acknowledgement of what was sent, and lately
// (RFC 9293, 3.10.7.4, first and fifth step; RFC 5961, 5.2). lwIP takes a segment's window and options before it asks, so that
// somebody who knows no more than addresses and ports could shut the window for good. It asks for itself what a SYN and a reset may
// do, what an acknowledgement may that begins a connection, and answers what lies before the window.
bool may_be_peers(const tcp_pcb& control, const tcp_hdr& header) {
    const u16 flags = TCPH_FLAGS(&header);
    if (control.state < SYN_RCVD || control.state == TIME_WAIT || flags & (TCP_SYN | TCP_RST)) return true;
    const u32 edge = control.rcv_nxt + std::max(control.rcv_ann_right_edge - control.rcv_nxt, control.rcv_wnd);
    if (TCP_SEQ_GT(header.seqno, edge) || !(flags & TCP_ACK)) return false;
    if (control.state == SYN_RCVD) return true;
    const u32 oldest = control.lastack - std::max(control.snd_wnd_max, control.snd_wnd);
    return TCP_SEQ_BETWEEN(header.ackno, oldest, control.snd_nxt);
}

// A SYN for a connection that there is (RFC 5961, 4): nobody has to know its numbers for it, and lwIP would take its options.
bool begins_late(const tcp_pcb& control, const tcp_hdr& header) {
    return control.state > SYN_RCVD && control.state != TIME_WAIT && (TCPH_FLAGS(&header) & (TCP_SYN | TCP_RST)) == TCP_SYN;
}

// A peer that has lost its way finds it again.
void say_where_it_is(tcp_pcb& control) {
    if (control.state == SYN_RCVD) return;
    tcp_ack_now(&control);
    tcp_output(&control);
}

}  // namespace

err_t check_segment(Live& live, tcp_hdr& header, pbuf& segment) {
    tcp_pcb& control = *live.tcp;
    if (control.state == TIME_WAIT && begins_again(control, header)) {
        live.sockets->forget_ended(live);
        take_in_again(header, segment);
        return ERR_ABRT;
    }
    if (control.state == SYN_RCVD && TCPH_FLAGS(&header) & TCP_SYN) {
        answer_again(control, header);
        return ERR_VAL;
    }
    if (!may_be_peers(control, header) || begins_late(control, header)) {
        live.sockets->mark(live);
        say_where_it_is(control);
        return ERR_VAL;
    }
    if (control.state == SYN_RCVD && segment.tot_len != 0) {
        live.sockets->mark(live);
        finish_handshake(header, segment);
        const bool has_ring = live.is(Stage::Free);  // somebody's who waited for it
        if (has_ring) take_in_again(header, segment);
        return ERR_ABRT;
    }
    if (control.state != SYN_SENT) {
        if (!is_in_one_piece(header, segment)) return ERR_VAL;
        forget_segment_size(header);
    }
    live.sockets->note_repair(live);
    return live.sockets->wants(live, segment.tot_len != 0) ? ERR_OK : ERR_VAL;
}

}  // namespace eft::net
