#include "wire.h"

#include "net/loopback.h"

#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace eft::net {
namespace {

u32 clock_ms = 1000;
std::mt19937 numbers{1};
constexpr u16 kPort = 4000;

End& end_of(void* argument) { return *static_cast<End*>(argument); }

void gone(u8_t, void* argument) {
    if (argument) end_of(argument).on_gone();
}
err_t half_open(u8_t, tcp_pcb_listen* listener, tcp_pcb* control) {
    static_cast<Wire*>(listener->callback_arg)->passive.take_half_open(*control);
    return ERR_OK;
}
constexpr tcp_ext_arg_callbacks kExtra{gone, half_open};

}  // namespace

std::string pattern(u64 bytes, unsigned seed) {
    std::mt19937 random(seed);
    std::string result(bytes, '\0');
    for (char& each : result) each = static_cast<char>(random());
    return result;
}

// As a server would, in a record of its own.
void End::take_half_open(tcp_pcb& control) { attach(control); }

// As after a death: a new connection is a record, too.
void End::begin(const Ends& connection) {
    recorded_.ends = connection;
    recorded_.tcp = new_connection(connection, static_cast<u32>(numbers()));
    recorded_.is_there = true;
    recover();
    record();
}

void End::attach(tcp_pcb& control) {
    control_ = &control;
    tcp_arg(&control, this);
    tcp_ext_arg_set_callbacks(&control, 0, &kExtra);
    tcp_ext_arg_set(&control, 0, this);
    tcp_recv(&control, [](void* to, tcp_pcb*, pbuf* bytes, err_t) -> err_t { return end_of(to).on_received(bytes), ERR_OK; });
    tcp_sent(&control, [](void* to, tcp_pcb*, u16_t bytes) -> err_t { return end_of(to).on_sent(bytes), ERR_OK; });
    tcp_err(&control, [](void* to, err_t error) { if (to && error != ERR_CLSD) end_of(to).on_failed(); });  // closed: both ends have ended
    control.connected = [](void* to, tcp_pcb*, err_t) -> err_t { return end_of(to).on_connected(), ERR_OK; };
}

void End::on_connected() {
    connected_ = true;
    // lwIP counts on its largest window from the SYN on, whose window has 16 bits.
    control_->rcv_wnd = control_->rcv_ann_wnd = kRing;
    control_->rcv_ann_right_edge = control_->rcv_nxt + 0xffff;
}

void End::on_received(pbuf* bytes) {
    if (!bytes) {
        peer_ended_ = true;
        return;
    }
    for (const pbuf* piece = bytes; piece; piece = piece->next) received_.append(static_cast<const char*>(piece->payload), piece->len);
    if (control_) tcp_recved(control_, bytes->tot_len);
    pbuf_free(bytes);
}

u8 End::state() const { return control_ ? static_cast<u8>(control_->state) : static_cast<u8>(CLOSED); }

void End::queue_bytes() {
    while (queued_ != to_send_.size()) {
        const auto size = static_cast<u16_t>(std::min<u64>({to_send_.size() - queued_, 20000, tcp_sndbuf(control_)}));
        if (size == 0 || tcp_write(control_, to_send_.data() + queued_, size, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
        queued_ += size;
    }
}

void End::work() {
    if (!control_ || !connected_ || control_->state == TIME_WAIT) return;
    queue_bytes();
    if (ends_ && queued_ == to_send_.size() && (control_->state == ESTABLISHED || control_->state == CLOSE_WAIT)) tcp_shutdown(control_, 0, 1);
    if (control_) tcp_output(control_);
}

void End::record() {
    recorded_.is_there = control_ != nullptr;
    if (control_) recorded_.ends = ends_of(*control_), recorded_.tcp = record_of(*control_);
    recorded_.received = received_.size();
    recorded_.acknowledged = acknowledged_;
    recorded_.peer_ended = peer_ended_;
    recorded_.connected = connected_;
}

void End::die() {
    if (tcp_pcb* const control = std::exchange(control_, nullptr)) {
        tcp_arg(control, nullptr);
        tcp_ext_arg_set(control, 0, nullptr);
        tcp_abandon(control, 0);
    }
    received_.resize(recorded_.received);
    acknowledged_ = queued_ = recorded_.acknowledged;
    peer_ended_ = recorded_.peer_ended;
    connected_ = recorded_.connected;
}

void End::recover() {
    if (!recorded_.is_there) return;
    tcp_pcb* const control = make_control(recorded_.ends, recorded_.tcp, kRing);
    if (!control) throw std::runtime_error("no memory for a control block");
    attach(*control);
    if (control->state == SYN_RCVD) control->listener = wire_.listener();
    if (connected_) queue_bytes();
    if (is_end_queued(recorded_.tcp) && !queue_end(*control, recorded_.tcp)) throw std::runtime_error("no memory for the end");
    if (control->state == TIME_WAIT) return;
    if (control->state >= ESTABLISHED) tcp_ack_now(control);
    tcp_output(control);
}

Wire::Wire(unsigned seed, bool ipv6) : random_(seed) {
    static const bool started = (lwip_init(), true);
    static_cast<void>(started);
    drop_looped();
    tcp_pcb* const control = tcp_new_ip_type(IPADDR_TYPE_ANY);
    ip_set_option(control, SOF_REUSEADDR);
    if (tcp_bind(control, IP_ANY_TYPE, kPort) != ERR_OK) throw std::runtime_error("the port is taken");
    tcp_ext_arg_set_callbacks(control, 0, &kExtra);
    listener_ = tcp_listen(control);
    tcp_arg(listener_, this);
    tcp_accept(listener_, [](void* end, tcp_pcb*, err_t) -> err_t { return end_of(end).on_connected(), ERR_OK; });

    ip_addr_t here;
    if (ipv6) IP_ADDR6(&here, 0, 0, 0, PP_HTONL(1));
    else IP_ADDR4(&here, 127, 0, 0, 1);
    static u16 port = 50000;
    active.begin({address_of(here), address_of(here), ++port, kPort});
}

tcp_pcb_listen* Wire::listener() const { return reinterpret_cast<tcp_pcb_listen*>(listener_); }

Wire::~Wire() {
    for (End* end : {&active, &passive}) end->die();
    while (tcp_tw_pcbs) tcp_abort(tcp_tw_pcbs);
    while (tcp_active_pcbs) tcp_abandon(tcp_active_pcbs, 0);
    tcp_close(listener_);
    drop_looped();
}

// One turn of both ends. A death is before or after the record, which decides whether the turn happened.
void Wire::step(u32 chance) {
    const u32 fate = chance == 0 ? 1 : random_() % chance;
    // What is sent in this turn goes on in the next one: it may promise what is not recorded yet.
    take_looped(std::min<u32>(looped_frames(), 1 + random_() % 8));
    active.work(), passive.work();
    clock_ms += 25;
    sys_check_timeouts();
    End& victim = random_() % 2 ? active : passive;
    End& other = &victim == &active ? passive : active;
    other.record();
    if (fate != 0) return victim.record();
    if (random_() % 2) victim.record();
    ++deaths_;
    victim.die();
    drop_looped();  // lwIP's last words among them: a control block that is removed sends the acknowledgement that it owes
    victim.recover();
    victim.record();
}

}  // namespace eft::net

using namespace eft::net;

extern "C" {
u32_t sys_now(void) { return clock_ms; }
uint32_t eft_net_random(void) { return static_cast<uint32_t>(numbers()); }
// lwIP is C, through which nothing is thrown.
void eft_net_failed(const char* what) {
    std::fprintf(stderr, "lwIP: %s\n", what);
    std::abort();
}
void* eft_net_allocate(size_t size) { return std::malloc(size); }
void* eft_net_allocate_cleared(size_t count, size_t size) { return std::calloc(count, size); }
void eft_net_free(void* block) { std::free(block); }
uint32_t eft_net_first_sequence(const ip_addr_t*, uint16_t, const ip_addr_t*, uint16_t) { return static_cast<uint32_t>(numbers()); }
err_t eft_net_segment_in(tcp_pcb*, tcp_hdr*, pbuf*) { return ERR_OK; }
uint8_t eft_net_segment_out(const tcp_pcb*, uint8_t length) { return length; }
uint16_t eft_net_most_kept(const tcp_pcb*) { return 100; }
void eft_net_acknowledge(tcp_pcb* control) { tcp_set_flags(control, control->flags & TF_ACK_DELAY ? TF_ACK_NOW : TF_ACK_DELAY); }
}
