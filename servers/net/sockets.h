// The sockets: records that last, what lwIP has for each, and the rings of their clients.
//
//   calls and ring entries change records, and touch() them
//   take_bells()   clients have written or read bytes
//   act()          what lwIP has is brought in line with records that were touched; after a restart that is all of them
//   settle()       what lwIP has done is recorded, and only then told to clients: steps (2) and (3) of records.h
//
// lwIP calls back into the Live of a socket: from frames that come in, from timers, and from act(). Calls and ring entries are
// served between two turns, when every record says what its Live does.
#pragma once

#include "net/keeper.h"
#include "net/records.h"

#include <eft/idl/socket.h>
#include <eft/ring/server.h>
#include <eft/socket/layout.h>

#include <array>
#include <span>

struct pbuf;
struct raw_pcb;
struct tcp_pcb;
struct udp_pcb;

namespace eft::net {

class Sockets;

// What this incarnation has for a record.
struct Live {
    Sockets* sockets = nullptr;
    SocketRecord now;         // as it will be recorded
    tcp_pcb* tcp = nullptr;   // a listener's, too
    udp_pcb* udp = nullptr;
    u64 queued = 0;           // position in the send ring: what lies before it lwIP has
    u64 taken = 0;            // in the receive ring: the client has it
    bool is_dirty = false;    // to be recorded and told
    bool is_touched = false;  // to be brought in line
    bool connects = false, accepts = false;
    bool has_heard = false;   // bytes of the peer in this turn, in order or not
    bool has_two = false;     // segments or more have come since the last acknowledgement
    bool misses = false;      // frames that were lost, and may be missing up to this number of the peer's, since this tick
    u32 misses_until = 0, misses_since = 0;
    u16 kept = 0;             // frames that came out of order
    u8 more_tries = 0;        // of what is not acknowledged, that lwIP does not count
    bool repairs = false;     // what the peer has not had, up to this number of ours
    u32 repairs_until = 0;
    bool is_freed = false;    // its client is to be told so, when that is recorded
    u8 freed_place = 0;
    u16 freed_number = 0;
    u16 accepts_from = kNobody;
    ring::Pending<Empty> connect;
    ring::Pending<socket::Endpoint> accept;

    u32 index() const;
    bool is(Stage stage) const { return now.stage == stage; }
};

class Sockets {
public:
    static constexpr u32 kPlaces = 16;  // sessions

    explicit Sockets(Keeper& keeper);
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    // Before anything else, when lwIP and the interfaces are there, and areas are mapped. False: there is no memory.
    bool prepare_pings();
    void recover();

    // Of a session's socket; null if it is not open.
    Live* find(u32 place, u32 number);
    // LimitReached: all are in use.
    Result<u32> find_free();
    // A port that nobody has for this kind, in this step. AddressInUse: there is none.
    Result<u16> free_port(socket::Kind kind);
    bool is_taken(socket::Kind kind, const Address& local, u16 port, bool reuse, u32 except) const;

    // The record was changed by a call, or an entry waits for it.
    void touch(u32 index);
    // The entry is completed when the socket is connected, or has a connection.
    void wait_for_connection(Live& live, ring::Pending<Empty> pending);
    void wait_for_peer(Live& live, u32 listener, ring::Pending<socket::Endpoint> pending);
    // Of a session that ends, or whose area goes: nothing may refer to it any more. Its records are freed; or only those of sockets
    // that the client has not closed.
    enum class Which : bool { Open, All };
    void end_all(u32 place, Which which);
    // The client has closed sockets whose peers have not acknowledged all bytes.
    bool any_closing(u32 place) const;

    void take_bells(u32 place);
    // False: a client has rung meanwhile.
    bool prepare_to_sleep(u32 place);
    void act();
    void settle();

    // Frames that had come for anybody may be gone.
    void frames_were_lost();

    // How far the client has written, as far as that can be true.
    u64 submitted(const Live& live) const;
    u32 count(Stage stage) const;
    // Of a record, what is to be seen of it from outside: all but its state and whose it is.
    socket::SocketLine line(u32 index) const;

    // How many frames, or pieces of them, may be kept for it that came out of order; the farthest ones go.
    u32 most_kept(const Live& live) const;

    // From lwIP, by way of hooks and callbacks.
    void mark(Live& live);
    bool wants(Live& live, bool has_bytes);
    // In TIME_WAIT: both ends have ended, and its peer begins another connection. A client that has not closed the socket keeps it.
    void forget_ended(Live& live);
    Live* half_open(Live& listener, tcp_pcb& control);
    void established(Live& live);
    void received(Live& live, pbuf* bytes);
    void sent(Live& live, u32 bytes);
    void note_repair(Live& live);
    void failed(Live& live, u32 error);
    void control_gone(Live& live);
    // Frees `bytes`.
    void datagram(Live& live, pbuf* bytes, const Address& from, u16 port, u16 sequence);
    // Of a ping's answer.
    void echo_reply(u16 identifier, pbuf* bytes, const Address& from, u16 sequence);

private:
    friend struct Live;
    void be_patient();
    void act_on(Live& live);
    void listen(Live& live);
    void make_tcp(Live& live);
    void apply_tcp(Live& live);
    void make_datagram(Live& live);
    void pump(Live& live);
    void pump_stream(Live& live);
    void pump_datagrams(Live& live);
    void send_datagram(Live& live, const socket::DatagramHead& head, u64 position);
    void send_ping(Live& live, pbuf* packet, const ip_addr_t& to, u16 sequence);
    void hand_over(Live& from, Live& to);
    void accept_waiting(Live& listener);
    void complete_waiting(Live& live);
    void cancel_waiting(Live& live);
    void release(Live& live);
    // Its client is told so when that is recorded.
    void free_number(Live& live);
    void abort(Live& live);
    void clear(Live& live);
    void make_room();
    Live* least_needed();
    void give_up(Live& live);
    bool give_up_half_open(const Live& listener);
    void count_kept(Live& live);
    void record(Live& live);
    void tell(Live& live);
    void tell_free(u32 place);
    bool has_ready(const Live& listener) const;
    void publish(u32 place, u32 number, const Live* live);
    void fail(Live& live, Error error);
    // Its peer is told what has come in this turn, and how much more may: once for all frames of the turn.
    void acknowledge(Live& live);
    static void ask_to_send_again(Live& live);
    // What comes is thrown away.
    static bool is_deaf(const Live& live) { return live.now.has(SocketRecord::kReceiveShut) || !live.now.has_rings(); }
    u32 room(const Live& live) const { return live.now.receive_bytes - static_cast<u32>(live.now.received - live.taken); }
    socket::Header* header(const Live& live) const;
    socket::Bytes ring(const Live& live, u32 at, u32 bytes) const;
    socket::Bytes receive_ring(const Live& live) const { return ring(live, live.now.receive_at, live.now.receive_bytes); }
    socket::Bytes send_ring(const Live& live) const { return ring(live, live.now.send_at, live.now.send_bytes); }

    Keeper& keeper_;
    std::array<Live, kRecords> live_;
    std::array<u16, kRecords> dirty_{}, touched_{};
    u32 dirty_count_ = 0, touched_count_ = 0;
    std::array<std::array<u16, socket::kSockets>, kPlaces> found_{};  // the record that a number had last
    raw_pcb* ping4_ = nullptr;
    raw_pcb* ping6_ = nullptr;
    bool needs_room_ = true;  // records have been taken since make_room()
    u32 kept_ = 0;  // frames that came out of order, of all
    u32 last_tick_ = 0;  // of lwIP's slow ones
    bool is_recovering_ = false;
    u64 recovered_ = 0, lost_ = 0;  // to be added to the totals
};

}  // namespace eft::net
