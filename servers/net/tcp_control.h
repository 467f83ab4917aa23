// lwIP's control block of a TCP connection, and what lasts of it: plain numbers, of which the next incarnation of a server makes
// a control block again. Linux calls this TCP_REPAIR.
//
// The rule is that nothing goes out before what it promises is recorded: an acknowledgement when the bytes are kept and
// `receive_next` is recorded, a segment when its bytes are kept and `send_end` is. So a death between is as if frames had been
// lost. The bytes to send are kept by the caller until they are acknowledged, and queued again.
//
// What is not recorded is measured or learned again: round-trip times, segments that came out of order, the timers.
#pragma once

#include "net/addresses.h"

struct tcp_pcb;

namespace eft::net {

// Which connection it is.
struct Ends {
    Address local{}, peer{};
    u16 local_port = 0, peer_port = 0;
};
Ends ends_of(const tcp_pcb& control);

// The variables of RFC 9293, 3.3.1, and what lwIP has beside them.
struct TcpRecord {
    u32 send_unacknowledged = 0;
    u32 send_end = 0;  // behind all that may have been sent
    u32 receive_next = 0;
    u32 announced_edge = 0;  // of the window that the peer knows
    u32 send_window = 0, largest_send_window = 0;
    u32 window_sequence = 0, window_acknowledgement = 0;
    u32 congestion_window = 0, slow_start_threshold = 0;
    u32 recent_time_stamp = 0;
    u16 segment = 0;  // the peer's MSS
    u16 flags = 0;    // TF_WND_SCALE, TF_TIMESTAMP, TF_SACK
    u8 state = 0;     // tcp_state
    u8 send_scale = 0, receive_scale = 0;

    bool operator==(const TcpRecord&) const = default;
};

// All that lasts of a connection.
TcpRecord record_of(const tcp_pcb& control);

// A control block in the recorded state, among lwIP's; null: there is no memory. Nothing is sent yet. In the states that begin
// a connection its SYN is queued, to be sent (again) by tcp_output(). Bytes that the peer has not acknowledged are queued by the
// caller with tcp_write(), and behind them, where is_end_queued() says so, their end with queue_end(). `window`: how many bytes
// the caller can take.
tcp_pcb* make_control(const Ends& ends, const TcpRecord& record, u32 window);
bool is_end_queued(const TcpRecord& record);
// False: there is no memory.
bool queue_end(tcp_pcb& control, const TcpRecord& record);

// A connection that this machine begins, before its SYN is sent.
TcpRecord new_connection(const Ends& ends, u32 first_sequence);

}  // namespace eft::net
