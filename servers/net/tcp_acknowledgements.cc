// When peers are told what has come, and what is done where frames were lost, beside what lwIP does.
#include "net/sockets.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <algorithm>
#include <utility>

namespace eft::net {
namespace {

// As many acknowledgements of the same byte make a peer send again at once what was lost (RFC 5681, 3.2; kill 5), and not when its
// timer ends: three that say nothing new, behind one that may.
void acknowledge_repeatedly(tcp_pcb& control) {
    constexpr int kRepeats = 4;
    for (int i = 0; i < kRepeats; ++i) static_cast<void>(tcp_send_empty_ack(&control));
}

}  // namespace

// The peer sees as much of the client's room as a window can show, so that it sends on while the client is still to take what
// has come.
void Sockets::acknowledge(Live& live) {
    constexpr u32 kWorthTelling = 4;  // segments
    tcp_pcb* const control = live.tcp;
    if (!control || control->state < ESTABLISHED || control->state == TIME_WAIT || live.is(Stage::Ready)) return;
    const u32 most = TCP_WND_MAX(control), window = is_deaf(live) ? most : std::min(most, room(live));
    control->rcv_wnd = std::max<u32>(control->rcv_wnd, window);
    const u32 opened = tcp_update_rcv_ann_wnd(control);
    const bool has_come = control->flags & TF_ACK_DELAY, has_two = std::exchange(live.has_two, false);
    if (std::exchange(live.has_heard, false) && live.misses) {
        constexpr u32 kLongest = 4;  // slow ticks
        const bool has_gap = control->ooseq || !has_two;
        live.misses = has_gap && TCP_SEQ_LT(control->rcv_nxt, live.misses_until) && tcp_ticks - live.misses_since <= kLongest;
        if (live.misses) return ask_to_send_again(live);
    }
    if (!(has_two && has_come) && opened < kWorthTelling * control->mss) return;
    tcp_ack_now(control);
    tcp_output(control);
}

// How long a peer is waited for is said by how often it was asked, on a wire that loses frames, too. lwIP forgets a connection whose
// last bytes or end are under way two minutes after the peer's last word, and does not count acknowledgements when the client has
// closed: bytes were lost, and the peer waited for ever. In return it is asked at least once a minute (RFC 6298, 2.5). lwIP counts to
// twelve, which is too few where a third of all frames is lost; with these more it is a quarter of an hour, as Linux waits.
void Sockets::be_patient() {
    constexpr s16_t kMostTimeout = 120;  // slow ticks
    constexpr u8_t kFirstAnswers = 7;    // of a SYN: two minutes at most
    constexpr u8_t kLongestCounted = 8, kMoreTries = 8;
    if (std::exchange(last_tick_, tcp_ticks) == tcp_ticks) return;
    for (tcp_pcb* each = tcp_active_pcbs; each; each = each->next) {
        each->rto = std::min(each->rto, kMostTimeout);
        const bool is_ending = each->state == LAST_ACK && (each->unacked || each->unsent);
        const bool is_beginning = each->state == SYN_RCVD && each->nrtx < kFirstAnswers;
        if (is_ending || is_beginning) each->tmr = tcp_ticks;
        Live* const live = static_cast<Live*>(each->callback_arg);
        if (!live || live->tcp != each) continue;
        count_kept(*live);
        if (each->state < ESTABLISHED) continue;
        if (each->nrtx < kLongestCounted) live->more_tries = 0;
        else if (each->nrtx > kLongestCounted && live->more_tries < kMoreTries) each->nrtx = kLongestCounted, ++live->more_tries;
    }
}

// Among them may be the answer to what was sent last, such as a SYN, whose timer ends after three seconds: it is asked for again.
void Sockets::frames_were_lost() {
    constexpr u32 kLately = 4;  // of lwIP's slow ticks, two a second
    for (tcp_pcb* each = tcp_active_pcbs; each; each = each->next) {
        Live* const live = static_cast<Live*>(each->callback_arg);
        if (!live || tcp_ticks - each->tmr > kLately) continue;
        const u8 tries = each->nrtx;
        if (tcp_rexmit(each) == ERR_OK) tcp_output(each);
        each->nrtx = tries;  // those that the peer leaves unanswered end the connection, and this is not its fault
        if (each->state >= ESTABLISHED) ask_to_send_again(*live);
    }
}

// Frames from the peer were lost: as much as a window holds. Many a peer sends one segment then, and waits for its timer before it
// sends the next; so it is asked again for each that comes alone, or behind a gap, until it sends more at a time or nothing can be missing.
void Sockets::ask_to_send_again(Live& live) {
    if (!live.misses) live.misses_until = live.tcp->rcv_ann_right_edge, live.misses_since = tcp_ticks;
    live.misses = true;
    acknowledge_repeatedly(*live.tcp);
}

// lwIP repeats one segment when three acknowledgements say the same, and would wait for its timer before the next. The peer has
// asked for that one, too, if it acknowledges less than had been sent by then (RFC 6582, 3.2: a partial acknowledgement).
void Sockets::note_repair(Live& live) {
    if (!(live.tcp->flags & TF_INFR) || live.repairs) return;
    live.repairs = true;
    live.repairs_until = live.tcp->snd_nxt;
}

}  // namespace eft::net

using namespace eft;

extern "C" {

void eft_net_acknowledge(tcp_pcb* pcb) {
    static_cast<net::Live*>(pcb->callback_arg)->has_two = pcb->flags & TF_ACK_DELAY;
    tcp_set_flags(pcb, TF_ACK_DELAY);
}

}  // extern "C"
