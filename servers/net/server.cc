#include "net/server.h"

#include "net/loopback.h"
#include "net/port.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/shared_memory.h>
#include <eft/syscall.h>
#include <eft/wake.h>

#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/timeouts.h"

#include <algorithm>

namespace eft::net {

using socket::Failure;
using socket::Kind;

namespace {

constexpr std::string_view kCardNames[kInterfaces] = {"ethernet/0", "ethernet/1", "ethernet/2", "ethernet/3"};

// The address from which this machine reaches that one.
Result<Address> address_towards(const Address& peer) {
    ip_addr_t to = lwip_address(peer);
    assign_zone(to);
    netif* const way = ip_route(IP46_ADDR_ANY(IP_GET_TYPE(&to)), &to);
    const ip_addr_t* const from = way ? ip_netif_get_local_ip(way, &to) : nullptr;
    if (!from || ip_addr_isany(from)) return to_error(Failure::Unreachable);
    return address_of(*from);
}

}  // namespace

// Entries of the ring: they wait for what a turn brings. The next incarnation takes them again.

void Server::connect(ring::Pending<Empty> pending, Session& session, const socket::Name& request) {
    const auto live = find(session, request.socket);
    if (!live.ok()) return pending.complete(live.error());
    const SocketRecord& now = record(**live);
    const bool is_peer = same(now.ends.peer, request.address) && now.ends.peer_port == request.port;
    switch (now.stage) {
        case Stage::Open:
            if (const Error error = begin_connection(**live, request); error != Error::None) {
                if (error == to_error(Failure::Unreachable) && is_configuring() && delay(session.place(), pending, request)) return;
                return pending.complete(error);
            }
            break;
        case Stage::Connecting:
        case Stage::Connected:
            if (is_peer && !now.has(SocketRecord::kAccepted) && !(*live)->connects) break;
            [[fallthrough]];
        default: return pending.complete(to_error(Failure::AlreadyConnected));
    }
    sockets_.wait_for_connection(**live, pending);
}

Error Server::begin_connection(const Live& live, const socket::Name& to) {
    const SocketRecord& now = record(live);
    if (now.kind == Kind::Ping) return to_error(Failure::WrongKind);
    if (is_any(to.address) || to.port == 0) return to_error(Failure::AddressNotAvailable);
    const auto local = is_any(now.ends.local) ? address_towards(to.address) : Result<Address>(now.ends.local);
    if (!local.ok()) return local.error();
    if (is_ipv4(*local) != is_ipv4(to.address)) return to_error(Failure::Unreachable);
    const Result<u16> port = now.ends.local_port != 0 ? now.ends.local_port : sockets_.free_port(now.kind);
    if (!port.ok()) return port.error();
    const auto record = edit(live);
    if (!record.ok()) return record.error();
    Ends& ends = (*record)->ends;
    ends = {now.kind == Kind::Stream ? *local : now.ends.local, to.address, *port, to.port};
    (*record)->stage = now.kind == Kind::Stream ? Stage::Connecting : Stage::Connected;
    if (now.kind == Kind::Stream) (*record)->tcp = new_connection(ends, first_sequence(ends));
    return Error::None;
}

void Server::accept(ring::Pending<socket::Endpoint> pending, Session& session, const socket::Acceptance& request) {
    const auto listener = find(session, request.listener), live = find(session, request.socket);
    if (!listener.ok()) return pending.complete(listener.error());
    if (!live.ok()) return pending.complete(live.error());
    const SocketRecord& now = record(**live);
    if (record(**listener).stage != Stage::Listening) return pending.complete(to_error(Failure::NotConnected));
    if (now.kind != Kind::Stream) return pending.complete(to_error(Failure::WrongKind));
    const bool is_new = now.stage == Stage::Open && now.ends.local_port == 0;
    if ((!is_new && !now.has(SocketRecord::kAccepted)) || (*live)->accepts) return pending.complete(to_error(Failure::AlreadyConnected));
    sockets_.wait_for_peer(**live, (*listener)->index(), pending);
}

void Server::resolve(ring::Pending<socket::Answer> pending, Session& session, const socket::Question& request) {
    if (is_configuring() && delay(session.place(), pending, request)) return;
    resolver_.resolve(session.place(), request.name.bytes(), request.want_ipv6, pending);
}

bool Server::is_configuring() {
    constexpr u32 kLongest = 5000;
    if (!is_started_) return true;
    if (now_ms() - started_ms_ > kLongest) return false;
    return std::ranges::any_of(cards_, [](Card& each) { return each.is_configuring(); });
}

bool Server::delay(u32 place, ring::Pending<Empty> pending, const socket::Name& name) {
    const auto free = std::ranges::find(delayed_, Delayed::Kind::None, &Delayed::kind);
    if (free == delayed_.end()) return false;
    any_delayed_ = true;
    free->kind = Delayed::Kind::Connect;
    free->place = place;
    free->name = name;
    free->connect = pending;
    return true;
}
bool Server::delay(u32 place, ring::Pending<socket::Answer> pending, const socket::Question& question) {
    const auto free = std::ranges::find(delayed_, Delayed::Kind::None, &Delayed::kind);
    if (free == delayed_.end()) return false;
    any_delayed_ = true;
    free->kind = Delayed::Kind::Resolve;
    free->place = place;
    free->question = question;
    free->resolve = pending;
    return true;
}

void Server::retry_delayed() {
    if (!any_delayed_ || is_configuring()) return;
    any_delayed_ = false;
    for (Delayed& each : delayed_) {
        const auto kind = std::exchange(each.kind, Delayed::Kind::None);
        if (kind == Delayed::Kind::Connect) connect(each.connect, session_at(each.place), each.name);
        if (kind == Delayed::Kind::Resolve) resolve(each.resolve, session_at(each.place), each.question);
        if (kind != Delayed::Kind::None) commit();
    }
}

void Server::detaching(Session& session, u32) {
    end_all(session.place());
    areas_[session.place()] = {};
}

// The rest begins when the supervisor has been told that we are ready: it may have to wait for drivers.
void Server::resume() {
    for (const auto& [bits, wake] : {std::pair{kStart, &start_wake_}, {kAlarm, &alarm_wake_}, {kReceive, &wakes_.receive}, {kSend, &wakes_.send}, {kLink, &wakes_.link}}) {
        auto made = make_wake(bits);
        if (!made.ok()) panic("no slots for wake-ups");
        *wake = std::move(*made);
    }
    sys::signal(start_wake_.slot());
}

void Server::woken(u64 bits) {
    if (!std::exchange(is_started_, true)) start();
    if (bits & kAlarm) alarm_.was_signalled();
    if (bits & kLink)
        for (Card& each : cards_) each.look_at_link();
}

void Server::start() {
    stir(sys::time_stamp());
    started_ms_ = now_ms();
    if (shared().secret[0] == 0) {
        if (auto state = edit(shared().secret); state.ok())
            for (u64& word : **state) word = random_number() | 1;
        commit();
    }
    set_secret(shared().secret);
    lwip_init();
    if (!sockets_.prepare_pings()) panic("no memory");
    if (!alarm_.connect(alarm_wake_).ok()) log("there is no timer: the heartbeat is the clock");
    read_arguments();
    attach_cards();
    sockets_.recover();
}

void Server::attach_cards() {
    for (u32 i = 0; i < kInterfaces; ++i) static_cast<void>(cards_[i].attach(kCardNames[i], wakes_, shared().interfaces[i], fixed_[i]));
}

void Server::read_arguments() {
    for (u32 i = 0; i < kInterfaces; ++i) {
        const auto fixed = fixed_address(field_text(config().arguments), kCardNames[i]);
        if (fixed.ok()) {
            fixed_[i] = *fixed;
            continue;
        }
        FixedText<160> line(kCardNames[i]);
        log(line.append(": its argument is not CARD=ADDRESS/PREFIX[,GATEWAY[,NAME SERVER]] of IPv4, so DHCP is asked"));
    }
}

// What should have happened meanwhile: a card is there, or there again.
void Server::beat() {
    if (!is_started_) return;
    attach_cards();
    for (Card& each : cards_) each.look_at_link();
}

// What a server maps is bounded by its quota. So much of it is for the rings of cards and clients; of the rest each session has a
// share that nobody can take from it, and what is beyond all shares is for who asks first. So who asks for much is refused, and
// harms nobody. What was admitted is admitted again by the next incarnation, because others were admitted beside it.
Status Server::attached(Session& session, u32) {
    constexpr u64 kOwnPages = 2048;
    constexpr u64 kUsualPages = 544;  // of a client that says nothing of sizes (socket::Sizes)
    if (area_pages_ == 0) {
        EFT_TRY(const u32 quota, memory_quota());
        area_pages_ = std::max<u64>(quota, 2 * kOwnPages) - kOwnPages;
    }
    const u64 share = std::min(kUsualPages, area_pages_ / (Sockets::kPlaces * 5 / 4));
    std::span<std::byte>& own = areas_[session.place()] = session.area();
    u64 pages = 0;
    for (const std::span<std::byte>& each : areas_) pages += std::max<u64>(each.size() / kPageSize, share);
    const bool is_usual = own.size() / kPageSize <= share;
    if (is_usual || pages <= area_pages_) return {};
    own = {};
    return Error::OutOfMemory;
}

// A record lasts, and so does the session: names tells the next incarnation again that its client is gone.
bool Server::lingers(Session& session) {
    constexpr u32 kLongest = 60'000;
    const u32 place = session.place();
    u32& since = lingers_since_[place];
    if (!sockets_.any_closing(place)) return false;
    const u32 now = now_ms() | 1;  // not 0
    if (since == 0) since = now;
    return now - since < kLongest;
}

void Server::end_open(u32 place) {
    sockets_.end_all(place, Sockets::Which::Open);
    end_entries(place);
}

void Server::end_all(u32 place) {
    lingers_since_[place] = 0;
    sockets_.end_all(place, Sockets::Which::All);
    end_entries(place);
}

void Server::end_entries(u32 place) {
    resolver_.end_all(place);
    for (Delayed& each : delayed_) {
        if (each.place != place) continue;
        const auto kind = std::exchange(each.kind, Delayed::Kind::None);
        if (kind == Delayed::Kind::Connect) each.connect.complete(Error::Cancelled);
        if (kind == Delayed::Kind::Resolve) each.resolve.complete(Error::Cancelled);
    }
}

bool Server::progress() {
    if (!is_started_) return true;
    for (u32 place = 0; place < Sockets::kPlaces; ++place)
        if (has_session(place) && is_ending(place)) end_open(place);
    retry_delayed();
    const u32 looped = looped_frames();  // of the last turn; what this one adds may promise what is not recorded yet
    sockets_.act();  // step (1), kill 1: from here to settle()
    bool quiet = true;
    for (Card& each : cards_) {
        quiet &= each.take_in();
        if (each.has_lost_frames()) sockets_.frames_were_lost();
    }
    take_looped(looped);
    sys_check_timeouts();
    for (u32 place = 0; place < Sockets::kPlaces; ++place) sockets_.take_bells(place);
    sockets_.act();
    remember_interfaces();
    sockets_.settle();  // steps (2) and (3), kills 2 to 4
    for (Card& each : cards_) each.send();  // step (4), kill 5

    quiet &= looped_frames() == 0;
    for (u32 place = 0; place < Sockets::kPlaces; ++place) quiet &= sockets_.prepare_to_sleep(place);
    for (Card& each : cards_) quiet &= each.prepare_to_sleep();
    if (quiet) alarm_.arm(std::min<u32>(sys_timeouts_sleeptime(), 10'000));
    return quiet;
}

void Server::remember_interfaces() {
    for (u32 i = 0; i < kInterfaces; ++i) {
        if (!cards_[i].is_attached() || !cards_[i].has_changed()) continue;
        const InterfaceRecord known = cards_[i].known();
        if (known == shared().interfaces[i]) continue;
        if (auto record = edit(shared().interfaces[i]); record.ok()) **record = known;
        commit();
    }
}

}  // namespace eft::net
