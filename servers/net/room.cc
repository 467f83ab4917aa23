// What peers make this server keep is bounded: records, half-open connections, segments that came out of order. Who asks for more
// loses what is needed least, and harms nobody else.
#include "net/sockets.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <algorithm>
#include <utility>

namespace eft::net {
namespace {

// Higher: gives its record up first. 0: not at all, or not yet: its peer may be about to answer.
u32 dispensable(const Live& live, const tcp_pcb& control) {
    constexpr u32 kSilence = 6;  // slow ticks
    if (live.is(Stage::HalfOpen)) return control.nrtx != 0 ? 3 : 0;
    if (!live.is(Stage::Ending)) return 0;
    if (control.state == FIN_WAIT_2) return tcp_ticks - control.tmr > kSilence ? 2 : 0;
    return control.nrtx > 1 ? 1 : 0;
}

}  // namespace

// A few records are always free, if those are given up that are needed least: connections that only wait for their time to end; ones
// that begin, and whose peer has not answered for a second; ones of no client any more, whose peer has all bytes and has been silent
// for three. Of these the one that was heard least recently.
void Sockets::make_room() {
    constexpr u32 kSpare = 64;
    if (!std::exchange(needs_room_, false)) return;
    u32 wanted = kSpare;
    for (const Live& live : live_) wanted -= wanted != 0 && live.is(Stage::Free);
    for (; wanted != 0; --wanted) {
        Live* const least = least_needed();
        if (!least) return;
        give_up(*least);
    }
}

// lwIP's lists begin with those that were heard last.
Live* Sockets::least_needed() {
    Live* found = nullptr;
    for (const tcp_pcb* each = tcp_tw_pcbs; each; each = each->next)
        if (Live* const live = static_cast<Live*>(each->callback_arg); live && live->is(Stage::Ending)) found = live;
    if (found) return found;
    u32 most = 1;
    for (const tcp_pcb* each = tcp_active_pcbs; each; each = each->next) {
        Live* const live = static_cast<Live*>(each->callback_arg);
        if (!live || live->tcp != each) continue;
        if (const u32 rank = dispensable(*live, *each); rank >= most) found = live, most = rank;
    }
    return found;
}

// A peer that may be there after all, and answers late, begins again when it is told nothing.
void Sockets::give_up(Live& live) {
    if (!live.is(Stage::HalfOpen)) return release(live);
    tcp_pcb* const control = std::exchange(live.tcp, nullptr);
    tcp_ext_arg_set(control, 0, nullptr);
    tcp_arg(control, nullptr);
    tcp_abandon(control, 0);
    clear(live);
}

// One whose peer has not answered for a second gives its place in the backlog to another. False: there is none.
bool Sockets::give_up_half_open(const Live& listener) {
    Live* found = nullptr;
    for (Live& each : live_)
        if (each.is(Stage::HalfOpen) && each.now.listener == listener.index() && each.tcp && each.tcp->nrtx != 0 && (!found || each.tcp->nrtx > found->tcp->nrtx)) found = &each;
    if (found) give_up(*found);
    return found;
}

void Sockets::count_kept(Live& live) {
    u16 pieces = 0;
    if (live.tcp && live.tcp->state != LISTEN)
        for (const tcp_seg* each = live.tcp->ooseq; each; each = each->next) pieces = static_cast<u16>(pieces + pbuf_clen(each->p));
    kept_ += pieces - std::exchange(live.kept, pieces);
}

u32 Sockets::most_kept(const Live& live) const {
    constexpr u32 kAll = 1024, kMost = 96, kLeast = 1;
    return std::clamp(kAll - std::min(kept_ - live.kept, kAll), kLeast, kMost);
}

}  // namespace eft::net

using namespace eft;

extern "C" {

uint16_t eft_net_most_kept(const tcp_pcb* pcb) {
    const net::Live* const live = static_cast<net::Live*>(pcb->callback_arg);
    return live ? static_cast<uint16_t>(live->sockets->most_kept(*live)) : 0;
}

}  // extern "C"
