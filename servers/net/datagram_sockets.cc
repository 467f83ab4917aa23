// Datagrams: UDP, and the echo requests of ICMP.
#include "net/icmp6.h"
#include "net/sockets.h"

#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp6.h"
#include "lwip/raw.h"
#include "lwip/udp.h"

#include <algorithm>
#include <cstring>

namespace eft::net {

using socket::DatagramHead;
using socket::Kind;

namespace {

constexpr u32 kMostBytes = 65'507;  // of UDP over IPv4

void on_datagram(void* argument, udp_pcb*, pbuf* bytes, const ip_addr_t* from, u16_t port) {
    Live& live = *static_cast<Live*>(argument);
    live.sockets->datagram(live, bytes, address_of(*from), port, 0);
}

// The payload of an echo request is the client's, its identifier the record's number: so the answer finds the socket, in the
// next incarnation, too.
struct EchoHead {
    u8 type, code;
    u16 checksum, identifier, sequence;
};
static_assert(sizeof(EchoHead) == sizeof(icmp_echo_hdr) && sizeof(EchoHead) == sizeof(icmp6_echo_hdr));

// Takes answers to pings out of what lwIP's own ICMP gets, and what it should not believe.
u8_t on_icmp(void* argument, raw_pcb*, pbuf* packet, const ip_addr_t* from) {
    const u16 head_bytes = ip_current_header_tot_len();
    EchoHead head;
    if (pbuf_copy_partial(packet, &head, sizeof head, head_bytes) != sizeof head) return 0;
    if (ip_current_is_v6() && !is_believable(*packet, head_bytes)) {
        pbuf_free(packet);
        return 1;
    }
    if (head.type != (ip_current_is_v6() ? ICMP6_TYPE_EREP : ICMP_ER)) return 0;
    pbuf_remove_header(packet, head_bytes + sizeof head);
    static_cast<Sockets*>(argument)->echo_reply(lwip_ntohs(head.identifier), packet, address_of(*from), lwip_ntohs(head.sequence));
    return 1;
}

}  // namespace

bool Sockets::prepare_pings() {
    ping4_ = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
    ping6_ = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);
    if (!ping4_ || !ping6_) return false;
    raw_recv(ping4_, on_icmp, this);
    raw_recv(ping6_, on_icmp, this);
    ping6_->chksum_reqd = 1;
    ping6_->chksum_offset = offsetof(EchoHead, checksum);
    return true;
}

void Sockets::make_datagram(Live& live) {
    const SocketRecord& now = live.now;
    if (now.kind != Kind::Datagram || live.udp || now.ends.local_port == 0) return;
    live.udp = udp_new_ip_type(is_any(now.ends.local) ? IPADDR_TYPE_ANY : is_ipv4(now.ends.local) ? IPADDR_TYPE_V4 : IPADDR_TYPE_V6);
    if (!live.udp) return fail(live, Error::OutOfMemory);
    ip_set_option(live.udp, SOF_REUSEADDR);  // the records say which ports are free
    ip_addr_t local = lwip_address(now.ends.local);
    assign_zone(local);
    if (udp_bind(live.udp, is_any(now.ends.local) ? IP_ANY_TYPE : &local, now.ends.local_port) != ERR_OK)
        return fail(live, to_error(socket::Failure::AddressNotAvailable));
    udp_recv(live.udp, on_datagram, &live);
    recovered_ += is_recovering_;
    if (const socket::Header* const from = header(live)) live.taken = std::min(ring::acquire(from->taken), now.received);
}

void Sockets::pump_datagrams(Live& live) {
    const socket::Header& from = *header(live);
    SocketRecord& now = live.now;
    const u64 taken = ring::acquire(from.taken), submitted = this->submitted(live);
    if (taken < live.taken || taken > now.received || submitted < live.queued || submitted - now.acknowledged > now.send_bytes)
        return fail(live, Error::ProtocolViolation);
    live.taken = taken;
    while (live.queued != submitted) {
        DatagramHead head;
        if (submitted - live.queued < sizeof head) return fail(live, Error::ProtocolViolation);
        send_ring(live).copy_out(live.queued, std::as_writable_bytes(std::span(&head, 1)));
        const u64 size = socket::record_bytes(head.bytes);
        if (head.bytes > kMostBytes || size > submitted - live.queued) return fail(live, Error::ProtocolViolation);
        send_datagram(live, head, live.queued + sizeof head);
        live.queued += size;
        now.acknowledged = live.queued;
        mark(live);
    }
}

// What cannot be sent is lost, as datagrams may be.
void Sockets::send_datagram(Live& live, const DatagramHead& head, u64 position) {
    const SocketRecord& now = live.now;
    const bool to_peer = same(head.address, {});
    if (to_peer && !live.is(Stage::Connected)) return;
    const Address& to = to_peer ? now.ends.peer : head.address;
    const u16 port = to_peer ? now.ends.peer_port : head.port;
    const bool is_ping = now.kind == Kind::Ping;
    if (!is_ping && (!live.udp || port == 0)) return;
    ip_addr_t address = lwip_address(to);
    assign_zone(address);
    const u16 extra = is_ping ? sizeof(EchoHead) : 0;
    pbuf* const packet = pbuf_alloc(is_ping ? PBUF_IP : PBUF_TRANSPORT, static_cast<u16_t>(head.bytes + extra), PBUF_RAM);
    if (!packet) return;
    send_ring(live).copy_out(position, {static_cast<std::byte*>(packet->payload) + extra, head.bytes});
    if (is_ping) {
        send_ping(live, packet, address, head.sequence);
    } else {
        if (now.has(SocketRecord::kBroadcast)) ip_set_option(live.udp, SOF_BROADCAST);
        if (now.hops != 0) live.udp->ttl = now.hops;
        static_cast<void>(udp_sendto(live.udp, packet, &address, port));
    }
    pbuf_free(packet);
}

void Sockets::send_ping(Live& live, pbuf* packet, const ip_addr_t& to, u16 sequence) {
    const bool ipv6 = IP_IS_V6_VAL(to);
    EchoHead head{ipv6 ? u8{ICMP6_TYPE_EREQ} : u8{ICMP_ECHO}, 0, 0, lwip_htons(static_cast<u16>(live.index() + 1)), lwip_htons(sequence)};
    std::memcpy(packet->payload, &head, sizeof head);
    if (!ipv6) {  // IPv6's has a pseudo header, and lwIP does it
        head.checksum = inet_chksum(packet->payload, packet->len);
        std::memcpy(packet->payload, &head, sizeof head);
    }
    raw_pcb* const from = ipv6 ? ping6_ : ping4_;
    from->ttl = live.now.hops != 0 ? live.now.hops : RAW_TTL;
    static_cast<void>(raw_sendto(from, packet, &to));
}

void Sockets::datagram(Live& live, pbuf* bytes, const Address& from, u16 port, u16 sequence) {
    SocketRecord& now = live.now;
    const bool is_peers = !live.is(Stage::Connected) || (same(from, now.ends.peer) && port == now.ends.peer_port);
    if (is_peers && now.has_rings() && !now.has(SocketRecord::kReceiveShut | SocketRecord::kFailed)) {
        if (const socket::Header* const said = header(live)) live.taken = std::clamp(ring::acquire(said->taken), live.taken, now.received);
        const u64 size = socket::record_bytes(bytes->tot_len);
        if (size > room(live)) {
            now.flags |= SocketRecord::kDropped;
        } else {
            const DatagramHead head{bytes->tot_len, port, sequence, from};
            const socket::Bytes ring = receive_ring(live);
            ring.copy_in(now.received, std::as_bytes(std::span(&head, 1)));
            u64 at = now.received + sizeof head;
            for (const pbuf* piece = bytes; piece; at += piece->len, piece = piece->next)
                ring.copy_in(at, {static_cast<const std::byte*>(piece->payload), piece->len});
            now.received += size;
        }
        mark(live);
    }
    pbuf_free(bytes);
}

void Sockets::echo_reply(u16 identifier, pbuf* bytes, const Address& from, u16 sequence) {
    if (identifier != 0 && identifier <= kRecords && live_[identifier - 1].now.kind == Kind::Ping && live_[identifier - 1].now.has_client())
        datagram(live_[identifier - 1], bytes, from, 0, sequence);
    else
        pbuf_free(bytes);
}

}  // namespace eft::net
