#include "net/sockets.h"

#include "net/addresses.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"

#include <eft/panic.h>

#include <algorithm>
#include <bit>
#include <bitset>

namespace eft::net {

using socket::Condition;
using socket::Failure;
using socket::Kind;

u32 Live::index() const { return static_cast<u32>(this - sockets->live_.data()); }

Sockets::Sockets(Keeper& keeper) : keeper_(keeper) {
    for (Live& live : live_) live.sockets = this;
}

// Kill 6: what is recorded here is recorded by settle().
void Sockets::recover() {
    is_recovering_ = true;
    for (u32 index = 0; index < kRecords; ++index) {
        Live& live = live_[index];
        live.now = keeper_.state().records[index];
        if (live.is(Stage::Free)) continue;
        live.queued = live.now.acknowledged;
        live.taken = live.now.received;  // until the header has been read
        touch(index);
        mark(live);  // to be told: kill 4
    }
    act();
    is_recovering_ = false;
    settle();
    for (u32 place = 0; place < kPlaces; ++place) tell_free(place);
}

Live* Sockets::find(u32 place, u32 number) {
    const auto has_it = [&](u32 index) {
        const SocketRecord& record = keeper_.state().records[index];
        return record.has_client() && record.place == place && record.number == number;
    };
    u16& last = found_[place][number];
    if (has_it(last)) return &live_[last];
    for (u32 index = 0; index < kRecords; ++index)
        if (has_it(index)) return &live_[last = static_cast<u16>(index)];
    return nullptr;
}

Result<u32> Sockets::find_free() {
    needs_room_ = true;
    for (u32 index = 0; index < kRecords; ++index)
        if (keeper_.state().records[index].stage == Stage::Free && live_[index].is(Stage::Free)) return index;
    return Error::LimitReached;
}

u32 Sockets::count(Stage stage) const {
    return static_cast<u32>(std::ranges::count_if(keeper_.state().records, [&](const SocketRecord& each) { return each.stage == stage; }));
}

bool Sockets::is_taken(Kind kind, const Address& local, u16 port, bool reuse, u32 except) const {
    for (u32 index = 0; index < kRecords; ++index) {
        const SocketRecord& other = keeper_.state().records[index];
        if (index == except || other.stage == Stage::Free || other.kind != kind || other.ends.local_port != port) continue;
        const bool is_connection = kind == Kind::Stream && other.stage != Stage::Open && other.stage != Stage::Listening;
        if (is_connection && (reuse || other.has(SocketRecord::kAccepted) || other.listener != kNobody)) continue;
        if (is_any(other.ends.local) || is_any(local) || same(other.ends.local, local)) return true;
    }
    return false;
}

// Behind the one that was chosen last, by a random step (RFC 6056, 3.3.5): a port that was free a moment ago is not taken at
// once, because a peer, or a router on the way, may still know the connection that it had, and refuse another one whose number
// lies in that one's window. So the next incarnation goes on behind it, too.
Result<u16> Sockets::free_port(Kind kind) {
    constexpr u32 kFirst = 49152, kCount = 65536 - kFirst, kMostStep = 4;
    std::bitset<kCount> used;
    for (const SocketRecord& record : keeper_.state().records)
        if (record.stage != Stage::Free && record.kind == kind && record.ends.local_port >= kFirst) used.set(record.ends.local_port - kFirst);
    const u32 last = keeper_.state().last_port;
    u32 next = (last != 0 ? last : LWIP_RAND()) + 1 + LWIP_RAND() % kMostStep;
    for (u32 i = 0; i < kCount; ++i, ++next) {
        if (used.test(next % kCount)) continue;
        EFT_TRY(u32 * chosen, keeper_.edit_last_port());
        *chosen = next;
        return static_cast<u16>(kFirst + next % kCount);
    }
    return to_error(Failure::AddressInUse);
}

void Sockets::touch(u32 index) {
    Live& live = live_[index];
    keeper_.want_turn();
    if (live.is_touched) return;
    live.is_touched = true;
    touched_[touched_count_++] = static_cast<u16>(index);
}

void Sockets::mark(Live& live) {
    if (live.is_dirty) return;
    live.is_dirty = true;
    dirty_[dirty_count_++] = static_cast<u16>(live.index());
}

void Sockets::wait_for_connection(Live& live, ring::Pending<Empty> pending) {
    live.connect = pending;
    live.connects = true;
    touch(live.index());
}

void Sockets::wait_for_peer(Live& live, u32 listener, ring::Pending<socket::Endpoint> pending) {
    live.accept = pending;
    live.accepts = true;
    live.accepts_from = static_cast<u16>(listener);
    touch(live.index());
}

namespace {

bool is_closing(const SocketRecord& record) {
    return record.kind == socket::Kind::Stream && record.stage == Stage::Connected && record.has(SocketRecord::kClosing) && !record.has(SocketRecord::kFailed);
}

}  // namespace

void Sockets::end_all(u32 place, Which which) {
    for (Live& live : live_) {
        if (!live.now.has_client() || live.now.place != place) continue;
        const bool stays = which == Which::Open && is_closing(keeper_.state().records[live.index()]);
        if (stays) continue;
        release(live);
        keeper_.want_turn();  // for what its peer is told
    }
    settle();
}

bool Sockets::any_closing(u32 place) const {
    return std::ranges::any_of(keeper_.state().records, [&](const SocketRecord& each) { return is_closing(each) && each.place == place; });
}

// What only the record says so far.
void Sockets::act() {
    be_patient();
    while (touched_count_ != 0) {
        Live& live = live_[touched_[--touched_count_]];
        live.is_touched = false;
        if (!live.is_dirty) live.now = keeper_.state().records[live.index()];
        act_on(live);
    }
}

void Sockets::act_on(Live& live) {
    if (live.is(Stage::Free)) return abort(live);
    if (live.now.has(SocketRecord::kFailed)) {
        if (live.now.has(SocketRecord::kClosing)) return release(live);
        return complete_waiting(live);
    }
    if (live.now.has(SocketRecord::kReceiveShut | SocketRecord::kSendShut)) mark(live);  // its client may wait for what does not come
    if (live.now.kind != Kind::Stream) {
        make_datagram(live);
        pump(live);
        if (live.now.has(SocketRecord::kClosing)) return release(live);
        return complete_waiting(live);
    }
    switch (live.now.stage) {
        case Stage::Listening:
            if (live.now.has(SocketRecord::kClosing)) return release(live);
            if (!live.tcp) listen(live);
            return accept_waiting(live);
        case Stage::Open:
            if (live.now.has(SocketRecord::kClosing)) return release(live);
            if (live.accepts) accept_waiting(live_[live.accepts_from]);
            return;
        default: break;
    }
    if (!live.tcp && live.now.tcp.state != CLOSED) make_tcp(live);
    pump(live);
    apply_tcp(live);
    complete_waiting(live);
    if (live.is(Stage::Ready)) accept_waiting(live_[live.now.listener]);
}

void Sockets::take_bells(u32 place) {
    const auto area = keeper_.area(place);
    if (area.empty()) return;
    auto& bell = reinterpret_cast<socket::AreaHead*>(area.data())->server;
    for (u32 word = 0; word < socket::kSockets / 64; ++word)
        for (u64 rung = socket::take_rung(bell, word); rung != 0; rung &= rung - 1)
            if (Live* const live = find(place, word * 64 + static_cast<u32>(std::countr_zero(rung)))) pump(*live);
}

bool Sockets::prepare_to_sleep(u32 place) {
    const auto area = keeper_.area(place);
    return area.empty() || socket::prepare_to_sleep(reinterpret_cast<socket::AreaHead*>(area.data())->server);
}

// The numbers that are nobody's: kill 4 may have kept it from the client.
void Sockets::tell_free(u32 place) {
    const auto area = keeper_.area(place);
    if (area.empty()) return;
    const auto& head = *reinterpret_cast<const socket::AreaHead*>(area.data());
    for (u32 number = 0; number < socket::kSockets; ++number) {
        const bool is_told = ring::acquire(head.headers[number].conditions) == static_cast<u32>(Condition::Free);
        if (!is_told && !find(place, number)) publish(place, number, nullptr);
    }
}

void Sockets::settle() {
    for (u32 i = 0; i < dirty_count_; ++i) acknowledge(live_[dirty_[i]]), count_kept(live_[dirty_[i]]);
    make_room();
    // Step (2), kill 2. Free records last: kill 3.
    for (const bool free : {false, true})
        for (u32 i = 0; i < dirty_count_; ++i)
            if (Live& live = live_[dirty_[i]]; live.is(Stage::Free) == free) record(live);
    if (recovered_ != 0 || lost_ != 0) {
        if (auto counts = keeper_.edit_counts(); counts.ok()) {
            (*counts)->recovered += std::exchange(recovered_, 0);
            (*counts)->lost += std::exchange(lost_, 0);
        }
    }
    keeper_.commit();
    // Step (3), kill 4.
    const u32 count = std::exchange(dirty_count_, 0);
    for (u32 i = 0; i < count; ++i) {
        Live& live = live_[dirty_[i]];
        live.is_dirty = false;
        tell(live);
    }
}

void Sockets::record(Live& live) {
    if (live.tcp && live.tcp->state != LISTEN) live.now.tcp = record_of(*live.tcp);
    auto record = keeper_.edit_record(live.index());
    if (!record.ok()) {
        keeper_.commit();  // kill 3
        record = keeper_.edit_record(live.index());
    }
    if (!record.ok()) panic("no room to record a socket");
    **record = live.now;
}

void Sockets::tell(Live& live) {
    if (std::exchange(live.is_freed, false)) publish(live.freed_place, live.freed_number, nullptr);
    complete_waiting(live);
    if (live.now.has_client()) publish(live.now.place, live.now.number, &live);
}

bool Sockets::has_ready(const Live& listener) const {
    return std::ranges::any_of(live_, [&](const Live& each) { return each.is(Stage::Ready) && each.now.listener == listener.index(); });
}

void Sockets::publish(u32 place, u32 number, const Live* live) {
    const auto area = keeper_.area(place);
    if (area.empty()) return;
    auto& head = *reinterpret_cast<socket::AreaHead*>(area.data());
    socket::Header& to = head.headers[number];
    u32 conditions = 0;
    const auto add = [&](bool holds, Condition condition) { conditions |= holds ? static_cast<u32>(condition) : 0; };
    if (live) {
        const SocketRecord& now = live->now;
        const bool has_failed = now.has(SocketRecord::kFailed);
        ring::release(to.received, now.received);
        ring::release(to.acknowledged, now.acknowledged);
        ring::write(to.error, now.error);
        add(now.stage == Stage::Connected && !has_failed, Condition::Connected);
        add(now.has(SocketRecord::kPeerEnded) || now.has(SocketRecord::kReceiveShut), Condition::ReceiveEnded);
        add(now.has(SocketRecord::kSendShut) || has_failed, Condition::SendEnded);
        add(has_failed, Condition::Failed);
        add(now.has(SocketRecord::kDropped), Condition::Dropped);
        add(now.stage == Stage::Listening && has_ready(*live), Condition::Acceptable);
    } else {
        add(true, Condition::Free);
    }
    ring::release(to.conditions, conditions);
    if (socket::ring(head.client, number)) keeper_.signal(place);
}

socket::Header* Sockets::header(const Live& live) const {
    if (!live.now.has_client()) return nullptr;
    const auto area = keeper_.area(live.now.place);
    return area.empty() ? nullptr : &reinterpret_cast<socket::AreaHead*>(area.data())->headers[live.now.number];
}

socket::Bytes Sockets::ring(const Live& live, u32 at, u32 bytes) const {
    const auto area = keeper_.area(live.now.place);
    return area.empty() ? socket::Bytes() : socket::Bytes(area.data() + at, bytes);
}

u64 Sockets::submitted(const Live& live) const {
    const socket::Header* const from = header(live);
    return from ? std::min(ring::acquire(from->submitted), live.now.send_last) : live.queued;
}

// Reads what the client says of its rings, once.
void Sockets::pump(Live& live) {
    const socket::Header* const from = header(live);
    if (!from || !live.now.has_rings() || live.now.has(SocketRecord::kFailed)) return;
    if (live.now.kind == Kind::Stream) pump_stream(live);
    else pump_datagrams(live);
}

// What it was is over; its client is told why.
void Sockets::fail(Live& live, Error error) {
    abort(live);
    live.now.flags |= SocketRecord::kFailed;
    live.now.error = static_cast<u32>(error);
    mark(live);
}

// A socket is closed, and nothing of it is left with the peer.
void Sockets::release(Live& live) {
    if (live.now.has_client()) free_number(live);
    const bool listened = live.is(Stage::Listening);
    cancel_waiting(live);
    abort(live);
    clear(live);
    if (!listened) return;
    for (Live& each : live_) {
        if (each.accepts && each.accepts_from == live.index()) cancel_waiting(each);
        if ((each.is(Stage::HalfOpen) || each.is(Stage::Ready)) && each.now.listener == live.index()) release(each);
    }
}

void Sockets::free_number(Live& live) {
    live.is_freed = true;
    live.freed_place = live.now.place;
    live.freed_number = live.now.number;
}

void Sockets::clear(Live& live) {
    if (live.is(Stage::Ready)) mark(live_[live.now.listener]);
    live.now = {};
    live.queued = live.taken = 0;
    mark(live);
}

namespace {

// A peer does not believe a reset whose number lies behind the window that it has told, where a probe of a closed one may lie.
void reset(tcp_pcb& control) {
    const u32 edge = control.snd_wl2 + control.snd_wnd;
    if (control.state >= ESTABLISHED && TCP_SEQ_LT(edge, control.snd_nxt) && TCP_SEQ_GEQ(edge, control.lastack)) control.snd_nxt = edge;
    tcp_abort(&control);
}

}  // namespace

// Without a word to the client.
void Sockets::abort(Live& live) {
    live.now.tcp = {};
    if (tcp_pcb* const control = std::exchange(live.tcp, nullptr)) {
        tcp_ext_arg_set(control, 0, nullptr);
        tcp_arg(control, nullptr);
        if (control->state == LISTEN) tcp_close(control);
        else reset(*control);
    }
    if (udp_pcb* const control = std::exchange(live.udp, nullptr)) udp_remove(control);
}

void Sockets::cancel_waiting(Live& live) {
    if (std::exchange(live.connects, false)) live.connect.complete(Error::Cancelled);
    if (std::exchange(live.accepts, false)) live.accept.complete(Error::Cancelled);
}

void Sockets::complete_waiting(Live& live) {
    if (live.is_dirty) return;
    const bool has_failed = live.now.has(SocketRecord::kFailed);
    if (live.connects && (has_failed || live.is(Stage::Connected))) {
        live.connects = false;
        if (has_failed) live.connect.complete(static_cast<Error>(live.now.error));
        else live.connect.complete(Empty{});
    }
    if (live.accepts && live.is(Stage::Connected)) {
        live.accepts = false;
        live.accept.complete(socket::Endpoint{.address = live.now.ends.peer, .port = live.now.ends.peer_port});
    }
}

}  // namespace eft::net
