#include "net/tcp_control.h"

#include "net/addresses.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <algorithm>

namespace eft::net {
namespace {

constexpr u16 kLeastSegment = 536;  // until the peer has said its own (RFC 9293, 3.7.1)
constexpr u16 kKept = TF_WND_SCALE | TF_TIMESTAMP | TF_SACK;

bool is_starting(u8 state) { return state == SYN_SENT || state == SYN_RCVD; }

// The first byte that lwIP still keeps. It lets go of whole segments, and those of another incarnation ended elsewhere: a part of
// one may be acknowledged, of which lwIP tells nobody until all of it is.
u32 first_kept(const tcp_pcb& control) {
    u32 first = control.lastack;
    for (const tcp_seg* segment : {control.unacked, control.unsent})
        if (segment && TCP_SEQ_LT(lwip_ntohl(segment->tcphdr->seqno), first)) first = lwip_ntohl(segment->tcphdr->seqno);
    return first;
}

}  // namespace

Ends ends_of(const tcp_pcb& control) {
    return {address_of(control.local_ip), address_of(control.remote_ip), control.local_port, control.remote_port};
}

TcpRecord record_of(const tcp_pcb& control) {
    TcpRecord record;
    record.send_unacknowledged = first_kept(control);
    record.send_end = control.snd_nxt;
    record.receive_next = control.rcv_nxt;
    record.announced_edge = control.rcv_ann_right_edge;
    record.send_window = control.snd_wnd;
    record.largest_send_window = control.snd_wnd_max;
    record.window_sequence = control.snd_wl1;
    record.window_acknowledgement = control.snd_wl2;
    record.congestion_window = control.cwnd;
    record.slow_start_threshold = control.ssthresh;
    record.recent_time_stamp = control.ts_recent;
    record.segment = control.mss;
    record.flags = control.flags & kKept;
    record.state = static_cast<u8>(control.state);
    record.send_scale = control.snd_scale;
    record.receive_scale = control.rcv_scale;
    return record;
}

bool is_end_queued(const TcpRecord& record) { return record.state == FIN_WAIT_1 || record.state == CLOSING || record.state == LAST_ACK; }

tcp_pcb* make_control(const Ends& ends, const TcpRecord& record, u32 window) {
    const ip_addr_t local = lwip_address(ends.local), peer = lwip_address(ends.peer);
    tcp_pcb* const control = tcp_new_ip_type(IP_GET_TYPE(&peer));
    if (control == nullptr) return nullptr;
    ip_addr_copy(control->local_ip, local);
    ip_addr_copy(control->remote_ip, peer);
    assign_zones(control->local_ip, control->remote_ip);
    control->local_port = ends.local_port;
    control->remote_port = ends.peer_port;
    // lwIP queues bytes only before the end of them has been queued: queue_end() sets the state then.
    control->state = is_end_queued(record) ? ESTABLISHED : static_cast<tcp_state>(record.state);
    control->lastack = control->snd_lbb = record.send_unacknowledged;
    control->snd_nxt = record.send_end;
    control->rcv_nxt = record.receive_next;
    control->rcv_ann_right_edge = record.announced_edge;
    // Of a SYN, whose window has 16 bits, lwIP has its own, until somebody says how much there is room for.
    const u32 announced = record.announced_edge - record.receive_next;
    control->rcv_wnd = record.state == SYN_SENT ? TCPWND_MIN16(TCP_WND) : record.state == SYN_RCVD ? TCPWND_MIN16(window) : window;
    control->rcv_ann_wnd = record.state == SYN_SENT ? control->rcv_wnd : std::min<u32>(announced, control->rcv_wnd);
    control->snd_wnd = record.send_window;
    control->snd_wnd_max = record.largest_send_window;
    control->snd_wl1 = record.window_sequence;
    control->snd_wl2 = record.window_acknowledgement;
    control->cwnd = record.congestion_window;
    control->ssthresh = record.slow_start_threshold;
    control->ts_recent = record.recent_time_stamp;
    control->ts_lastacksent = record.receive_next;
    control->mss = record.segment;
    control->flags = static_cast<tcpflags_t>(control->flags | record.flags);
    control->snd_scale = record.send_scale;
    control->rcv_scale = record.receive_scale;
    control->rcv_wnd = std::min<u32>(control->rcv_wnd, TCP_WND_MAX(control));
    control->rcv_ann_wnd = std::min(control->rcv_ann_wnd, control->rcv_wnd);
    if (record.state == TIME_WAIT) {
        TCP_REG(&tcp_tw_pcbs, control);
        return control;
    }
    TCP_REG_ACTIVE(control);
    if (is_starting(record.state) && tcp_enqueue_flags(control, record.state == SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK) != ERR_OK) {
        tcp_abandon(control, 0);
        return nullptr;
    }
    return control;
}

bool queue_end(tcp_pcb& control, const TcpRecord& record) {
    if (tcp_enqueue_flags(&control, TCP_FIN) != ERR_OK) return false;
    control.state = static_cast<tcp_state>(record.state);
    return true;
}

// As tcp_connect() does: the SYN's number is the one before the first that lwIP counts.
TcpRecord new_connection(const Ends& ends, u32 first_sequence) {
    TcpRecord record;
    record.state = SYN_SENT;
    record.send_unacknowledged = record.window_acknowledgement = first_sequence - 1;
    record.send_end = first_sequence;
    record.send_window = TCP_WND;
    record.congestion_window = 1;
    record.slow_start_threshold = TCP_SND_BUF;
    const ip_addr_t from = lwip_address(ends.local), to = lwip_address(ends.peer);
    record.segment = tcp_eff_send_mss(kLeastSegment, &from, &to);
    return record;
}

}  // namespace eft::net
