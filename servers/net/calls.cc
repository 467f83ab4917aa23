// What calls do: they change records, and what comes of it is for the next turn.
#include "net/server.h"

#include "lwip/ip.h"

#include <algorithm>
#include <bit>

namespace eft::net {

using socket::Failure;
using socket::Kind;

namespace {

constexpr u16 kFirstFreePort = 1024;  // those before it are for servers

bool is_servers(Badge badge) { return socket::Socket::kind_of(badge) != socket::Socket::SessionKind::Client; }

bool is_ring(u32 at, u32 bytes, u32 least, u64 area) {
    return at % 64 == 0 && at >= socket::kRingsAt && at <= area && bytes <= area - at && std::has_single_bit(bytes) && bytes >= least &&
           bytes <= socket::kMostRing;
}

bool is_own(const Address& address) {
    const ip_addr_t wanted = lwip_address(address);
    for (const netif* each = netif_list; each; each = each->next) {
        if (IP_IS_V4_VAL(wanted)) {
            if (ip4_addr_cmp(ip_2_ip4(&wanted), netif_ip4_addr(each))) return true;
            continue;
        }
        for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; ++i)
            if (ip6_addr_isvalid(netif_ip6_addr_state(each, i)) && ip6_addr_cmp_zoneless(ip_2_ip6(&wanted), netif_ip6_addr(each, i))) return true;
    }
    return false;
}

socket::State state_of(const SocketRecord& record) {
    if (record.has(SocketRecord::kClosing)) return socket::State::Closing;
    switch (record.stage) {
        case Stage::Open: return socket::State::Open;
        case Stage::Listening: return socket::State::Listening;
        case Stage::Connecting: return socket::State::Connecting;
        case Stage::Connected: return record.has(SocketRecord::kFailed) ? socket::State::Closed : socket::State::Connected;
        case Stage::HalfOpen:
        case Stage::Ready: return socket::State::Waiting;
        case Stage::Ending: return socket::State::Closing;
        case Stage::Free: break;
    }
    return socket::State::Free;
}

bool covers(socket::Directions asked, socket::Directions one) { return (static_cast<u32>(asked) & static_cast<u32>(one)) != 0; }

void set_flag(SocketRecord& record, u16 flag, bool on) { record.flags = static_cast<u16>(on ? record.flags | flag : record.flags & ~flag); }

}  // namespace

Result<Live*> Server::find(Session& session, u32 number) {
    if (number >= socket::kSockets) return Error::OutOfRange;
    Live* const live = sockets_.find(session.place(), number);
    if (!live) return Error::WrongState;
    return live;
}

Server::Answer<Empty> Server::open(ipc::Context&, Session& session, const socket::Opening& request) {
    if (!session.attached()) return Error::WrongState;
    if (request.socket >= socket::kSockets) return Error::OutOfRange;
    if (request.kind == Kind::Ping && !is_servers(session.badge())) return Error::PermissionDenied;
    const u32 least = request.kind == Kind::Stream ? socket::kLeastStreamReceive : socket::kLeastRing;
    const u64 area = session.area().size();
    if (!is_ring(request.receive_at, request.receive_bytes, least, area) || !is_ring(request.send_at, request.send_bytes, socket::kLeastRing, area))
        return Error::InvalidArgument;
    if (sockets_.find(session.place(), request.socket)) return Error::WrongState;
    EFT_TRY(const u32 free, sockets_.find_free());
    EFT_TRY(SocketRecord * record, edit_record(free));
    *record = {};
    record->stage = Stage::Open;
    record->kind = request.kind;
    record->place = static_cast<u8>(session.place());
    record->number = static_cast<u16>(request.socket);
    record->receive_at = request.receive_at, record->receive_bytes = request.receive_bytes;
    record->send_at = request.send_at, record->send_bytes = request.send_bytes;
    socket::Header& header = reinterpret_cast<socket::AreaHead*>(session.area().data())->headers[request.socket];
    ring::write(header.received, u64{0});
    ring::write(header.acknowledged, u64{0});
    ring::write(header.error, u32{0});
    ring::release(header.conditions, u32{0});
    sockets_.touch(free);
    return Empty{};
}

Server::Answer<socket::Endpoint> Server::bind(ipc::Context&, Session& session, const socket::Name& request) {
    EFT_TRY(Live * live, find(session, request.socket));
    const SocketRecord& now = record(*live);
    if (now.kind == Kind::Ping) return Failure::WrongKind;
    if (now.stage != Stage::Open || now.ends.local_port != 0) return Failure::AlreadyConnected;
    if (request.port != 0 && request.port < kFirstFreePort && !is_servers(session.badge())) return Error::PermissionDenied;
    if (!is_any(request.address) && !is_own(request.address)) return Failure::AddressNotAvailable;
    EFT_TRY(const u16 port, request.port != 0 ? Result<u16>(request.port) : sockets_.free_port(now.kind));
    if (sockets_.is_taken(now.kind, request.address, port, now.has(SocketRecord::kReuse), live->index())) return Failure::AddressInUse;
    EFT_TRY(SocketRecord * record, edit(*live));
    record->ends.local = request.address;
    record->ends.local_port = port;
    sockets_.touch(live->index());
    return socket::Endpoint{.address = request.address, .port = port};
}

Server::Answer<Empty> Server::listen(ipc::Context&, Session& session, const socket::Listening& request) {
    EFT_TRY(Live * live, find(session, request.socket));
    const SocketRecord& now = record(*live);
    if (request.backlog == 0 || request.backlog > 128) return Error::OutOfRange;
    if (now.kind != Kind::Stream) return Failure::WrongKind;
    if (now.stage != Stage::Listening && now.stage != Stage::Open) return Failure::AlreadyConnected;
    if (now.ends.local_port == 0) return Failure::NotConnected;
    EFT_TRY(SocketRecord * record, edit(*live));
    record->stage = Stage::Listening;
    record->backlog = static_cast<u16>(request.backlog);
    sockets_.touch(live->index());
    return Empty{};
}

Server::Answer<Empty> Server::shutdown(ipc::Context&, Session& session, const socket::Shutting& request) {
    EFT_TRY(Live * live, find(session, request.socket));
    if (record(*live).stage != Stage::Connected) return Failure::NotConnected;
    EFT_TRY(SocketRecord * record, edit(*live));
    if (covers(request.directions, socket::Directions::Receive)) record->flags |= SocketRecord::kReceiveShut;
    if (covers(request.directions, socket::Directions::Send) && !record->has(SocketRecord::kSendShut)) {
        record->flags |= SocketRecord::kSendShut;
        record->send_last = sockets_.submitted(*live);
    }
    sockets_.touch(live->index());
    return Empty{};
}

Server::Answer<Empty> Server::close(ipc::Context&, Session& session, const socket::Number& request) {
    if (request.socket >= socket::kSockets) return Error::OutOfRange;
    Live* const live = sockets_.find(session.place(), request.socket);
    if (!live) return Empty{};
    EFT_TRY(SocketRecord * record, edit(*live));
    if (!record->has(SocketRecord::kSendShut)) record->send_last = sockets_.submitted(*live);
    record->flags |= SocketRecord::kSendShut | SocketRecord::kClosing;
    sockets_.touch(live->index());
    return Empty{};
}

Server::Answer<Empty> Server::set_option(ipc::Context&, Session& session, const socket::Setting& request) {
    EFT_TRY(Live * live, find(session, request.socket));
    const bool is_stream = record(*live).kind == Kind::Stream;
    EFT_TRY(SocketRecord * record, edit(*live));
    switch (request.option) {
        case socket::Option::NoDelay:
            if (!is_stream) return Failure::WrongKind;
            set_flag(*record, SocketRecord::kNoDelay, request.value != 0);
            break;
        case socket::Option::KeepAlive:
            if (!is_stream) return Failure::WrongKind;
            if (request.value > 32'767) return Error::OutOfRange;
            record->keep_alive_s = request.value;
            break;
        case socket::Option::ReuseAddress: set_flag(*record, SocketRecord::kReuse, request.value != 0); break;
        case socket::Option::Broadcast:
            if (record->kind != Kind::Datagram) return Failure::WrongKind;
            set_flag(*record, SocketRecord::kBroadcast, request.value != 0);
            break;
        case socket::Option::TimeToLive:
            if (request.value == 0 || request.value > 255) return Error::OutOfRange;
            record->hops = static_cast<u8>(request.value);
            break;
    }
    sockets_.touch(live->index());
    return Empty{};
}

Server::Answer<socket::Description> Server::describe(ipc::Context&, Session& session, const socket::Number& request) {
    if (request.socket >= socket::kSockets) return Error::OutOfRange;
    socket::Description answer;
    if (const Live* const live = sockets_.find(session.place(), request.socket)) {
        const SocketRecord& now = record(*live);
        answer.state = state_of(now);
        answer.kind = now.kind;
        answer.local = now.ends.local, answer.local_port = now.ends.local_port;
        answer.peer = now.ends.peer, answer.peer_port = now.ends.peer_port;
    }
    return answer;
}

Server::Answer<socket::Interface> Server::next_interface(ipc::Context&, Session&, const socket::Cursor& request) {
    netif* next = nullptr;
    for (netif* each = netif_list; each; each = each->next)
        if (netif_get_index(each) > request.after && (!next || netif_get_index(each) < netif_get_index(next))) next = each;
    socket::Interface answer;
    if (!next) return answer;
    answer.index = netif_get_index(next);
    name_ = FixedText<16>(std::string_view(next->name, sizeof next->name));
    const auto card = std::ranges::find(cards_, next, [](Card& each) { return &each.interface(); });
    if (card != std::end(cards_)) name_.decimal(static_cast<u64>(card - cards_));
    answer.name = name_.view();
    answer.up = netif_is_up(next);
    answer.link = netif_is_link_up(next);
    answer.mtu = next->mtu;
    ip_addr_t ipv4, gateway;
    ip_addr_copy_from_ip4(ipv4, *netif_ip4_addr(next));
    ip_addr_copy_from_ip4(gateway, *netif_ip4_gw(next));
    answer.ipv4 = address_of(ipv4);
    answer.ipv4_prefix = static_cast<u32>(std::popcount(netif_ip4_netmask(next)->addr));
    answer.gateway = address_of(gateway);
    for (int i = 0; i < 2; ++i)
        if (ip6_addr_isvalid(netif_ip6_addr_state(next, i))) (i == 0 ? answer.ipv6_link : answer.ipv6) = address_of(*netif_ip_addr6(next, i));
    if (card == std::end(cards_)) return answer;
    answer.hardware = card->address();
    const ethernet::Counts counts = card->counts();
    answer.received_frames = counts.received_frames, answer.received_bytes = counts.received_bytes;
    answer.sent_frames = counts.sent_frames, answer.sent_bytes = counts.sent_bytes;
    answer.dropped = counts.receive_errors + counts.send_errors;
    return answer;
}

Server::Answer<socket::SocketLine> Server::next_socket(ipc::Context&, Session&, const socket::Cursor& request) {
    for (u32 index = request.after; index < kRecords; ++index) {
        const SocketRecord& now = shared().records[index];
        if (now.stage == Stage::Free) continue;
        socket::SocketLine answer = sockets_.line(index);
        answer.index = index + 1;
        answer.state = state_of(now);
        if (now.has_client()) answer.session = ipc::session_id(session_at(now.place).badge());
        return answer;
    }
    return socket::SocketLine{};
}

Server::Answer<socket::Totals> Server::totals(ipc::Context&, Session&, const Empty&) {
    socket::Totals answer;
    answer.connections = sockets_.count(Stage::Connected);
    answer.sockets = kRecords - sockets_.count(Stage::Free);
    answer.recovered = shared().counts.recovered;
    answer.lost = shared().counts.lost;
    return answer;
}

}  // namespace eft::net
