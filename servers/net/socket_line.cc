// What is to be seen of a socket from outside (NextSocket of idl/socket.fbs).
#include "net/sockets.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <algorithm>

namespace eft::net {

using socket::SocketFlag;

static_assert(static_cast<u8>(socket::TcpState::Established) == ESTABLISHED && static_cast<u8>(socket::TcpState::TimeWait) == TIME_WAIT);

socket::SocketLine Sockets::line(u32 index) const {
    const SocketRecord& record = keeper_.state().records[index];
    const Live& live = live_[index];
    socket::SocketLine line;
    line.kind = record.kind;
    line.local = record.ends.local, line.local_port = record.ends.local_port;
    line.peer = record.ends.peer, line.peer_port = record.ends.peer_port;
    line.error = record.error;
    u32 flags = 0;
    const auto add = [&](bool holds, SocketFlag flag) { flags |= holds ? static_cast<u32>(flag) : 0; };
    add(record.has(SocketRecord::kReceiveShut), SocketFlag::ReceiveShut);
    add(record.has(SocketRecord::kSendShut), SocketFlag::SendShut);
    add(record.has(SocketRecord::kPeerEnded), SocketFlag::PeerEnded);
    add(record.has(SocketRecord::kFailed), SocketFlag::Failed);
    add(live.connects, SocketFlag::Connects);
    add(live.accepts, SocketFlag::Accepts);
    line.flags = static_cast<SocketFlag>(flags);
    if (record.has_client()) {
        line.socket = record.number;
        // As far as the client tells the truth.
        if (const socket::Header* const said = header(live)) line.unread = record.received - std::min(ring::acquire(said->taken), record.received);
        line.unacknowledged = submitted(live) - record.acknowledged;
    }
    const tcp_pcb* const control = live.tcp;
    if (!control) return line;
    line.tcp = static_cast<socket::TcpState>(control->state);
    if (control->state == LISTEN) return line;
    line.receive_window = control->rcv_wnd;
    line.send_window = control->snd_wnd;
    return line;
}

}  // namespace eft::net
