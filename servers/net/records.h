// What lasts of the network server, in its state region: plain numbers, no pointers of lwIP's, none of its memory.
//
// A record is a socket of a client, or a connection that has come to a listener and that nobody has accepted yet, or one whose
// client has closed it and that is still to end. What lwIP has for it is made from the record, in the same way when the socket
// is new and after a restart (tcp_control.h), and may be thrown away at any time.
//
// The rule of recovery: *nothing goes out before what it promises is recorded.* In one turn of the server
//
//   (1) frames are taken in, bytes are put into receive rings behind `received`, frames to be sent are only laid out;
//   (2) the records of all sockets that were touched are written, and committed;
//   (3) clients are told of the new positions;
//   (4) the frames are given to the card.
//
// A death before (2) has ended is as if the frames that came had been lost: the peer sends them again, and no promise was made.
// After it, the next incarnation tells the clients the positions again, and sends from the first byte that is not acknowledged;
// `send_end` is recorded, so an acknowledgement of anything that may have been sent is known to be one.
//
// (2) may take several transactions, in which records that become free come last: so a connection that goes from a listener's
// record to a socket's is in one of them at any time, and where it is in both it is the socket's. A record is written within one
// transaction.
//
// A kill can strike at any of these places (the numbers stand in the functions, and in tests/model/net, which tries them all):
//   1  in (1): nothing is recorded; bytes that came lie behind `received`, where nobody looks
//   2  in (2), within a transaction: the undo log takes it back
//   3  in (2), between two transactions: a connection may be in two records
//   4  before or in (3): not all clients know what is recorded; the next incarnation tells it all of them, also which numbers are
//      free
//   5  before or in (4): the frames, or some of them, are lost; who waits for one says its last word again
//   6  in recover(): it writes records as a turn does, in (2), so that each of the other places is meant
// Between two turns calls change records, each in a transaction that commits with its answer (eft/state/undo_log.h).
#pragma once

#include "net/tcp_control.h"

#include <eft/idl/socket.h>

#include <cstring>

namespace eft::net {

constexpr u32 kRecords = 512;
constexpr u32 kInterfaces = 4;
constexpr u16 kNobody = 0xffff;

enum class Stage : u8 {
    Free,
    Open,
    Listening,
    HalfOpen,    // of a listener: the peer's SYN has come
    Ready,       // of a listener: connected, and to be accepted
    Connecting,
    Connected,   // a stream that is or was connected; a datagram socket with a peer
    Ending,      // nobody's: its client has closed it, and the peer has all bytes
};

struct SocketRecord {
    static constexpr u16 kReceiveShut = 1, kSendShut = 2, kClosing = 4, kPeerEnded = 8, kFailed = 16, kNoDelay = 32, kReuse = 64,
                         kBroadcast = 128, kDropped = 256, kAccepted = 512;

    Stage stage = Stage::Free;
    socket::Kind kind = socket::Kind::Stream;
    u8 place = 0;    // of the session, if it has one
    u8 hops = 0;     // 0: as usual
    u16 number = 0;  // the client's
    u16 flags = 0;
    u16 listener = kNobody;  // HalfOpen, Ready: the record that it came to
    u16 backlog = 0;
    u32 keep_alive_s = 0;
    u32 error = 0;
    Ends ends;
    u32 receive_at = 0, receive_bytes = 0, send_at = 0, send_bytes = 0;
    u64 received = 0;      // bytes ever put into the receive ring
    u64 acknowledged = 0;  // bytes ever taken from the send ring, for good
    u64 send_last = ~u64{0};  // how far the client had written when it shut sending
    TcpRecord tcp;  // of a stream from Connecting on; in state 0, CLOSED, when the connection has ended

    bool has(u16 flag) const { return flags & flag; }
    bool has_client() const { return stage != Stage::Free && stage != Stage::HalfOpen && stage != Stage::Ready && stage != Stage::Ending; }
    bool has_rings() const { return has_client() && receive_bytes != 0; }
};

// Of an interface with a card: what DHCP and router advertisements have given it. A lease is asked for again by a new
// incarnation, and is used meanwhile.
struct InterfaceRecord {
    static constexpr u32 kIpv6 = 3;  // beside the link-local one
    u32 address = 0, mask = 0, gateway = 0, name_server = 0;  // in the order of the network
    u32 has_link_local = 0;  // it was asked for, and is nobody else's (RFC 4862, 5.4)
    u32 unused = 0;
    Address ipv6[kIpv6] = {};

    bool operator==(const InterfaceRecord& other) const { return std::memcmp(this, &other, sizeof other) == 0; }
};

struct NetCounts {
    u64 recovered = 0, lost = 0;
};

struct NetState {
    u64 secret[2] = {};  // of first sequence numbers (RFC 6528), from the first incarnation on
    NetCounts counts;
    u32 last_port = 0;  // that was chosen for anybody, as a count from the first one that may be; 0: none yet
    u32 unused = 0;
    InterfaceRecord interfaces[kInterfaces];
    SocketRecord records[kRecords];
};

}  // namespace eft::net
