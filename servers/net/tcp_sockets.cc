// Streams: what lwIP calls, and what is done with its control blocks.
#include "net/segments.h"
#include "net/sockets.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <algorithm>
#include <utility>

namespace eft::net {

using socket::Failure;

namespace {

constexpr u16 kPiece = 32 * 1024;  // for lwIP's 16-bit lengths
// In lwIP's slow ticks, two a second (RFC 6298, 2.1).
constexpr s16_t kFirstTimeout = 2;

Live* live_of(const tcp_pcb* control) { return static_cast<Live*>(control->callback_arg); }
Live& live_of(void* argument) { return *static_cast<Live*>(argument); }

Error failure_of(err_t error, const SocketRecord& record) {
    if (error == ERR_RST && record.stage == Stage::Connecting) return to_error(Failure::ConnectionRefused);
    return to_error(error == ERR_ABRT ? Failure::ConnectionTimedOut : Failure::ConnectionReset);
}

err_t on_received(void* argument, tcp_pcb*, pbuf* bytes, err_t) {
    live_of(argument).sockets->received(live_of(argument), bytes);
    return ERR_OK;
}
err_t on_sent(void* argument, tcp_pcb*, u16_t bytes) {
    live_of(argument).sockets->sent(live_of(argument), bytes);
    return ERR_OK;
}
err_t on_connected(void* argument, tcp_pcb*, err_t) {
    live_of(argument).sockets->established(live_of(argument));
    return ERR_OK;
}
err_t on_accepted(void* argument, tcp_pcb* control, err_t) {
    if (control == nullptr) return ERR_MEM;
    return on_connected(argument, control, ERR_OK);
}
// The control block is gone already. ERR_CLSD: because both ends have ended.
void on_error(void* argument, err_t error) {
    if (argument == nullptr || error == ERR_CLSD) return;
    live_of(argument).sockets->failed(live_of(argument), static_cast<u32>(failure_of(error, live_of(argument).now)));
}
void on_gone(u8_t, void* argument) {
    if (argument != nullptr) live_of(argument).sockets->control_gone(live_of(argument));
}
err_t on_half_open(u8_t, tcp_pcb_listen* listener, tcp_pcb* control) {
    Live& of = live_of(listener->callback_arg);
    return of.sockets->half_open(of, *control) ? ERR_OK : ERR_MEM;
}

constexpr tcp_ext_arg_callbacks kExtra{on_gone, on_half_open};

void attach(tcp_pcb& control, Live& live) {
    live.tcp = &control;
    tcp_arg(&control, &live);
    tcp_ext_arg_set_callbacks(&control, 0, &kExtra);
    tcp_ext_arg_set(&control, 0, &live);
    if (control.state == TIME_WAIT) return;
    tcp_recv(&control, on_received);
    tcp_sent(&control, on_sent);
    tcp_err(&control, on_error);
    control.connected = on_connected;
}

// So much the client can take. lwIP counts on its largest window from the SYN on, whose window has 16 bits: no client's ring
// is smaller.
void open_window(tcp_pcb& control, u32 room) {
    control.rcv_wnd = control.rcv_ann_wnd = std::min<u32>(room, TCP_WND_MAX(&control));
    control.rcv_ann_right_edge = control.rcv_nxt + 0xffff;
}

// lwIP appends bytes, and the end, to the last segment that is not sent, if that has room: one that is to be sent again, and has not gone yet, may
// be followed by others that have.
bool may_append(const tcp_pcb& control) {
    const tcp_seg* last = control.unsent;
    while (last && last->next) last = last->next;
    return !last || lwip_ntohl(last->tcphdr->seqno) + TCP_TCPLEN(last) == control.snd_lbb;
}

// lwIP subtracts a segment's options from how large it may be, also where that is less: the segment is larger than the congestion
// window then, and is never sent. No peer needs smaller ones than these (Linux' tcp_min_snd_mss).
void keep_segments_sendable(tcp_pcb& control) {
    constexpr u16 kLeast = 48;
    control.mss = std::max(control.mss, kLeast);
    control.snd_wnd_max = std::max<tcpwnd_size_t>(control.snd_wnd_max, 2 * kLeast);
    control.cwnd = std::max<tcpwnd_size_t>(control.cwnd, control.mss);
}

bool can_end(const tcp_pcb& control) { return (control.state == ESTABLISHED || control.state == CLOSE_WAIT) && may_append(control); }

}  // namespace

// That the port is free the records have said, so that lwIP is not asked to bind it.
void Sockets::listen(Live& live) {
    const Address& local = live.now.ends.local;
    tcp_pcb* const control = tcp_new_ip_type(is_any(local) ? IPADDR_TYPE_ANY : is_ipv4(local) ? IPADDR_TYPE_V4 : IPADDR_TYPE_V6);
    if (!control) return fail(live, Error::OutOfMemory);
    if (!is_any(local)) {
        control->local_ip = lwip_address(local);
        assign_zone(control->local_ip);
    }
    control->local_port = live.now.ends.local_port;
    tcp_ext_arg_set_callbacks(control, 0, &kExtra);
    tcp_ext_arg_set(control, 0, &live);
    tcp_arg(control, &live);
    tcp_pcb* const listener = tcp_listen_with_backlog(control, 255);
    if (!listener) {
        tcp_ext_arg_set(control, 0, nullptr);
        tcp_abort(control);
        return fail(live, Error::OutOfMemory);
    }
    live.tcp = listener;
    tcp_accept(listener, on_accepted);
}

// Of a connection that begins, or that a dead incarnation had.
void Sockets::make_tcp(Live& live) {
    SocketRecord& now = live.now;
    const bool waits = live.is(Stage::HalfOpen) || live.is(Stage::Ready);
    // And not one that has ended, whose peer has connected again from the same port.
    const auto is_handed_over = [&](const Live& each) {
        return each.is(Stage::Connected) && each.now.tcp.state != CLOSED && each.now.tcp.state != TIME_WAIT && each.now.ends.peer_port == now.ends.peer_port && each.now.ends.local_port == now.ends.local_port &&
               same(each.now.ends.peer, now.ends.peer) && same(each.now.ends.local, now.ends.local);
    };
    if (waits && (!live_[now.listener].is(Stage::Listening) || std::ranges::any_of(live_, is_handed_over))) return clear(live);  // kill 3
    if (const socket::Header* const from = header(live)) {
        // The client may have taken bytes since. One that says too much is found by pump_stream().
        const u64 taken = ring::acquire(from->taken);
        live.taken = taken <= now.received && now.received - taken <= now.receive_bytes ? taken : now.received;
    }
    const TcpRecord recorded = now.tcp;
    // Who waits to be accepted has the window that half_open() has given it; who is nobody's any more has room for what is thrown away.
    const u32 announced = recorded.announced_edge - recorded.receive_next;
    tcp_pcb* const control = make_control(now.ends, recorded, now.has_rings() ? room(live) : waits ? announced : TCPWND_MIN16(TCP_WND));
    if (!control) {
        ++lost_;
        return fail(live, to_error(Failure::ConnectionReset));
    }
    attach(*control, live);
    recovered_ += is_recovering_;
    if (waits) {
        Live& listener = live_[now.listener];
        if (!listener.tcp) listen(listener);
        control->listener = reinterpret_cast<tcp_pcb_listen*>(listener.tcp);
    }
    live.queued = now.acknowledged;
    mark(live);
    pump(live);
    if (!live.tcp) return;
    if (is_end_queued(recorded) && !queue_end(*control, recorded)) tcp_set_flags(control, TF_CLOSEPEND);
    if (control->state == TIME_WAIT) return;
    if (control->state >= ESTABLISHED) ask_to_send_again(live);
    tcp_output(control);
}

// What the client has asked for since.
void Sockets::apply_tcp(Live& live) {
    tcp_pcb* const control = live.tcp;
    SocketRecord& now = live.now;
    const bool is_closing = now.has(SocketRecord::kClosing);
    if (!control) {
        if (is_closing) release(live);
        return;
    }
    if (now.has(SocketRecord::kNoDelay)) tcp_nagle_disable(control);
    else tcp_nagle_enable(control);
    if (now.keep_alive_s != 0) {
        ip_set_option(control, SOF_KEEPALIVE);
        control->keep_idle = now.keep_alive_s * 1000;
    } else {
        ip_reset_option(control, SOF_KEEPALIVE);
    }
    if (now.hops != 0) control->ttl = now.hops;
    if (is_closing) {
        const bool has_unread = now.received != live.taken && !now.has(SocketRecord::kReceiveShut);
        if (has_unread || live.is(Stage::Connecting)) return release(live);
        tcp_set_flags(control, TF_RXCLOSED);
    }
    if (now.has(SocketRecord::kSendShut) && live.queued == now.send_last && can_end(*control)) {
        tcp_shutdown(control, 0, 1);
        mark(live);
    }
    // Its number and rings are the client's again when the peer has all bytes.
    if (is_closing && live.tcp && now.has_client() && now.acknowledged == now.send_last && control->state >= FIN_WAIT_1 && control->state != CLOSE_WAIT) {
        free_number(live);
        now.stage = Stage::Ending;
        mark(live);
    }
}

void Sockets::pump_stream(Live& live) {
    const socket::Header& from = *header(live);
    SocketRecord& now = live.now;
    if (!live.tcp || !live.is(Stage::Connected)) return;
    const u64 taken = ring::acquire(from.taken), submitted = this->submitted(live);
    const bool taken_true = taken >= live.taken && taken <= now.received;
    const bool submitted_true = submitted >= live.queued && submitted - now.acknowledged <= now.send_bytes;
    if (!taken_true || !submitted_true) return fail(live, Error::ProtocolViolation);
    const socket::Bytes ring = send_ring(live);
    keep_segments_sendable(*live.tcp);
    while (live.queued != submitted && may_append(*live.tcp)) {
        const auto piece = ring.from(live.queued, std::min<u64>(submitted - live.queued, kPiece));
        const auto size = static_cast<u16_t>(std::min<u64>(piece.size(), tcp_sndbuf(live.tcp)));
        if (size == 0 || tcp_write(live.tcp, piece.data(), size, 0) != ERR_OK) break;  // when more is acknowledged
        live.queued += size;
    }
    if (live.taken != taken) mark(live);
    live.taken = taken;
    tcp_output(live.tcp);
}

// Of a client's connection, or of one that waits to be accepted.
void Sockets::established(Live& live) {
    live.now.stage = live.is(Stage::HalfOpen) ? Stage::Ready : Stage::Connected;
    mark(live);
    if (live.is(Stage::Ready)) {
        mark(live_[live.now.listener]);
        return accept_waiting(live_[live.now.listener]);
    }
    open_window(*live.tcp, room(live));
    touch(live.index());
}

Live* Sockets::half_open(Live& listener, tcp_pcb& control) {
    const auto waits = [&](const Live& each) {
        return (each.is(Stage::HalfOpen) || each.is(Stage::Ready)) && each.now.listener == listener.index();
    };
    auto waiting = std::ranges::count_if(live_, waits);
    if (waiting >= listener.now.backlog && (!give_up_half_open(listener) || --waiting >= listener.now.backlog)) return nullptr;
    const auto free = find_free();
    if (!free.ok()) return nullptr;
    Live& live = live_[*free];
    clear(live);
    live.now.stage = Stage::HalfOpen;
    live.now.listener = static_cast<u16>(listener.index());
    live.now.ends = ends_of(control);
    control.rto = control.sv = kFirstTimeout;
    attach(control, live);
    // Bytes that come before there is a ring for them would be dropped, and sent again when the peer's timer ends. Told of no
    // window, it waits until somebody has accepted.
    if (std::ranges::count_if(live_, [&](const Live& each) { return each.accepts && each.accepts_from == listener.index(); }) <= waiting)
        control.rcv_wnd = control.rcv_ann_wnd = 0;
    return &live;
}

// The connection that has been ready for longest goes to who has asked.
void Sockets::accept_waiting(Live& listener) {
    const auto is_ready = [&](const Live& each) { return each.is(Stage::Ready) && each.now.listener == listener.index() && each.tcp; };
    for (Live& to : live_) {
        if (!to.accepts || to.accepts_from != listener.index() || !to.is(Stage::Open)) continue;
        const auto from = std::ranges::find_if(live_, is_ready);
        if (from == live_.end()) return;
        hand_over(*from, to);
    }
}

void Sockets::hand_over(Live& from, Live& to) {
    SocketRecord& now = to.now;
    now.stage = Stage::Connected;
    now.ends = from.now.ends;
    now.flags |= SocketRecord::kAccepted | (from.now.flags & SocketRecord::kPeerEnded);
    attach(*from.tcp, to);
    to.queued = now.acknowledged;
    to.taken = now.received;
    open_window(*to.tcp, room(to));
    tcp_ack_now(to.tcp);
    from.tcp = nullptr;
    clear(from);
    mark(to);
    touch(to.index());
}

void Sockets::received(Live& live, pbuf* bytes) {
    mark(live);
    SocketRecord& now = live.now;
    if (!bytes) {
        now.flags |= SocketRecord::kPeerEnded;
        return;
    }
    if (!is_deaf(live)) {
        const socket::Bytes ring = receive_ring(live);
        for (const pbuf* piece = bytes; piece; piece = piece->next) {
            ring.copy_in(now.received, {static_cast<const std::byte*>(piece->payload), piece->len});
            now.received += piece->len;
        }
    }
    pbuf_free(bytes);
}

void Sockets::sent(Live& live, u32 bytes) {
    live.now.acknowledged += bytes;
    mark(live);
    touch(live.index());
    if (!live.repairs) return;
    live.repairs = TCP_SEQ_LT(live.tcp->lastack, live.repairs_until);
    if (!live.repairs) return;
    tcp_rexmit(live.tcp);
    tcp_set_flags(live.tcp, TF_INFR);  // it is repairing still: a short segment does not wait for others' acknowledgement (Nagle)
}

// The control block is gone, and the connection did not end well.
void Sockets::failed(Live& live, u32 error) {
    if (live.is(Stage::Free)) return;
    control_gone(live);
    if (!live.now.has_client()) return clear(live);
    live.now.stage = Stage::Connected;
    const bool had_both_ends = live.now.has(SocketRecord::kPeerEnded) && live.now.acknowledged == live.now.send_last;
    if (had_both_ends) return;
    live.now.flags |= SocketRecord::kFailed;
    live.now.error = error;
}

// Its time in TIME_WAIT is over, both ends have ended, or failed() follows.
void Sockets::control_gone(Live& live) {
    live.tcp = nullptr;
    live.now.tcp = {};
    mark(live);
    if (live.is(Stage::Ending)) clear(live);
    else touch(live.index());
}

void Sockets::forget_ended(Live& live) {
    if (live.is(Stage::Ending) || live.now.has(SocketRecord::kClosing)) return release(live);
    abort(live);
    mark(live);
}

bool Sockets::wants(Live& live, bool has_bytes) {
    mark(live);
    live.has_heard |= has_bytes;
    // Until it is accepted there is no ring to keep its bytes in, so they are not acknowledged: the peer sends them again.
    return !has_bytes || live.now.has_client() || live.is(Stage::Ending);
}

}  // namespace eft::net

using namespace eft;

extern "C" {

err_t eft_net_segment_in(tcp_pcb* pcb, tcp_hdr* header, pbuf* segment) {
    if (pcb->state == LISTEN) return ERR_OK;
    net::Live* const live = net::live_of(pcb);
    if (!live || live->tcp != pcb) return ERR_OK;
    return net::check_segment(*live, *header, *segment);
}

// Of no control block: a reset for a segment that nobody has a use for.
uint8_t eft_net_segment_out(const tcp_pcb* pcb, uint8_t length) {
    if (!pcb) return length;
    net::Live* const live = net::live_of(pcb);
    if (live && live->tcp == pcb) live->sockets->mark(*live);
    return length;
}

}  // extern "C"
