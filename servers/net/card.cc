#include "net/card.h"

#include "net/frame.h"
#include "net/neighbours.h"
#include "net/port.h"

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/nd6.h"
#include "lwip/prot/dhcp.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"

#include <algorithm>
#include <cstring>

namespace eft::net {
namespace {

constexpr u32 kHeadBytes = SIZEOF_ETH_HDR;

Card& card_of(const netif* interface) { return *static_cast<Card*>(interface->state); }

// Bytes that lie in a client's ring, which may go before the frame does: it may have to wait for its neighbour's address.
bool refers_to_clients(const pbuf* packet) {
    for (; packet; packet = packet->next)
        if (!(packet->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS)) return true;
    return false;
}

template <class Output, class To>
err_t with_own_bytes(netif* interface, pbuf* packet, const To* to, Output output) {
    if (!refers_to_clients(packet)) return output(interface, packet, to);
    pbuf* const copy = pbuf_clone(PBUF_LINK, PBUF_RAM, packet);
    if (!copy) return ERR_MEM;
    const err_t error = output(interface, copy, to);
    pbuf_free(copy);
    return error;
}

}  // namespace

Status Card::attach(std::string_view service, const Wakes& wakes, const InterfaceRecord& known, const std::optional<FixedAddress>& fixed) {
    if (is_up_ && !has_failed()) return {};
    if (is_refused_) return Error::PermissionDenied;
    is_up_ = false;
    if (const Status connected = connect(service, wakes); !connected.ok()) {
        is_refused_ = !is_added_ && connected.error() == Error::PermissionDenied;
        rings_.reset();
        return connected;
    }
    is_up_ = true;
    give_buffers();
    if (!std::exchange(is_added_, true)) add(known, fixed);
    look_at_link();
    return {};
}

Status Card::connect(std::string_view service, const Wakes& wakes) {
    rings_.emplace();
    EFT_TRY(const ethernet::Attached attached, rings_->receive.connect(service, wakes.receive));
    EFT_TRY([[maybe_unused]] const ethernet::Attached again, rings_->send.connect(service, wakes.send));
    EFT_CHECK(rings_->receive.calls().set_filter({.all_groups = true}));
    Subscription changes;
    changes.wake = wakes.link;
    EFT_CHECK(rings_->receive.calls().subscribe_link_changed(changes));
    address_ = attached.address;
    mtu_ = std::min<u32>(attached.max_frame - kHeadBytes, 1500);
    for (u16 i = 0; i < kBuffers; ++i) empty_[i] = free_[i] = i;
    empty_count_ = free_count_ = kBuffers;
    laid_count_ = 0;
    takeovers_ = rings_->receive.ring().producer().takeovers();
    return {};
}

// The link's state is told by look_at_link().
void Card::add(InterfaceRecord known, const std::optional<FixedAddress>& fixed) {
    if (fixed) known.address = fixed->address, known.mask = fixed->mask, known.gateway = fixed->gateway, known.name_server = fixed->name_server;
    const ip4_addr_t address{known.address}, mask{known.mask}, gateway{known.gateway};
    netif_add(&netif_, &address, &mask, &gateway, this, set_up, ethernet_input);
    netif_set_status_callback(&netif_, [](netif* interface) { card_of(interface).has_changed_ = true; });
    netif_create_ip6_linklocal_address(&netif_, 1);
    netif_set_ip6_autoconfig_enabled(&netif_, 1);
    for (u32 i = 0; i < InterfaceRecord::kIpv6; ++i) {
        if (same(known.ipv6[i], {})) continue;
        const ip_addr_t each = lwip_address(known.ipv6[i]);
        netif_ip6_addr_set(&netif_, static_cast<s8_t>(i + 1), ip_2_ip6(&each));
        netif_ip6_addr_set_state(&netif_, static_cast<s8_t>(i + 1), IP6_ADDR_PREFERRED);
    }
    if (known.has_link_local) netif_ip6_addr_set_state(&netif_, 0, IP6_ADDR_PREFERRED);
    netif_set_up(&netif_);
    netif_set_link_up(&netif_);
    if (!netif_default) netif_set_default(&netif_);
    if (!fixed) ask_for_address(known);
    if (known.name_server != 0) {
        ip_addr_t server;
        ip_addr_set_ip4_u32_val(server, known.name_server);
        dns_setserver(0, &server);
    }
    nd6_tmr();  // asks for routers now, and not in a second
}

void Card::ask_for_address(const InterfaceRecord& known) {
    dhcp_start(&netif_);
    if (known.address == 0) return;
    // The lease is asked for again, as after the link was down (RFC 2131, 3.2).
    dhcp* const lease = netif_dhcp_data(&netif_);
    lease->offered_ip_addr = {known.address};
    lease->state = DHCP_STATE_BOUND;
    dhcp_network_changed(&netif_);
}

err_t Card::set_up(netif* interface) {
    const Card& card = card_of(interface);
    interface->name[0] = 'e', interface->name[1] = 'n';
    interface->mtu = static_cast<u16_t>(card.mtu_);
    interface->hwaddr_len = ETH_HWADDR_LEN;
    std::memcpy(interface->hwaddr, &card.address_, ETH_HWADDR_LEN);
    interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    interface->output = output_ipv4;
    interface->output_ip6 = output_ipv6;
    interface->linkoutput = lay_out;
    return ERR_OK;
}

err_t Card::output_ipv4(netif* interface, pbuf* packet, const ip4_addr_t* to) { return with_own_bytes(interface, packet, to, etharp_output); }
err_t Card::output_ipv6(netif* interface, pbuf* packet, const ip6_addr_t* to) { return with_own_bytes(interface, packet, to, output_to_neighbour); }

err_t Card::lay_out(netif* interface, pbuf* frame) {
    Card& card = card_of(interface);
    if (!card.is_up_ || frame->tot_len > kBufferBytes) return ERR_IF;
    if (card.free_count_ == 0) {
        card.was_full_ = true;
        return ERR_MEM;
    }
    const u16 buffer = card.free_[--card.free_count_];
    pbuf_copy_partial(frame, card.span(card.rings_->send, buffer, frame->tot_len).bytes().data(), frame->tot_len, 0);
    card.laid_[card.laid_count_++] = {buffer, frame->tot_len};
    return ERR_OK;
}

void Card::send() {
    if (!is_up_) return;
    auto& ring = rings_->send.ring();
    const Ring::Ring::Batch batch(ring);
    u32 done = 0;
    for (; done < laid_count_; ++done) {
        const Result<u64> ticket = ring.submit_send({.frame = span(rings_->send, laid_[done].buffer, laid_[done].bytes)});
        if (!ticket.ok()) break;  // the ring is full, or held
        sent_[*ticket % sent_.size()] = laid_[done].buffer;
    }
    std::copy(laid_.begin() + done, laid_.begin() + laid_count_, laid_.begin());
    laid_count_ -= done;
}

void Card::take_sent() {
    auto& ring = rings_->send.ring();
    for (;;) {
        const auto completion = ring.take_completion();
        if (!completion.ok() || !completion->has_value()) break;
        free_[free_count_++] = sent_[(*completion)->ticket % sent_.size()];
    }
    if (free_count_ == 0 || !std::exchange(was_full_, false)) return;
    tcp_txnow();
}

void Card::give_buffers() {
    const Ring::Ring::Batch batch(rings_->receive.ring());
    while (empty_count_ != 0) {
        const u16 buffer = empty_[empty_count_ - 1];
        const Result<u64> ticket = rings_->receive.ring().submit_receive({.buffer = span(rings_->receive, buffer, kBufferBytes)});
        if (!ticket.ok()) return;
        received_[*ticket % received_.size()] = buffer;
        --empty_count_;
    }
}

bool Card::take_in() {
    if (!is_up_) return true;
    for (Ring* each : {&rings_->receive, &rings_->send})
        if (each->ring().consumer_state() != ring::ConsumerState::Serving) each->on_wake();
    note_restart();
    take_sent();
    for (u32 i = 0; i < kAtOnce; ++i) {
        const auto completion = rings_->receive.ring().take_completion();
        if (!completion.ok() || !completion->has_value()) break;
        const u32 buffer = received_[(*completion)->ticket % received_.size()];
        const auto frame = ring::response_of<ethernet::Ethernet::ReceiveMethod>(**completion);
        if (frame.ok()) take_frame(buffer, frame->bytes);
        empty_[empty_count_++] = static_cast<u16>(buffer);
    }
    if (empty_count_ >= kGivenAtOnce) give_buffers();
    return !rings_->receive.ring().has_completions();
}

void Card::note_restart() {
    const u32 takeovers = rings_->receive.ring().producer().takeovers();
    has_lost_frames_ |= takeovers != takeovers_;
    takeovers_ = takeovers;
}

void Card::take_frame(u32 buffer, u32 bytes) {
    if (bytes <= kBufferBytes) net::take_frame(netif_, span(rings_->receive, buffer, bytes).bytes());
}

bool Card::prepare_to_sleep() { return !is_up_ || (rings_->receive.prepare_to_sleep() & rings_->send.prepare_to_sleep()); }

// The driver is asked without waiting for it.
void Card::look_at_link() {
    if (!is_up_) return;
    ethernet::Ethernet::ClientOf<ipc::PollTransport> driver{rings_->receive.calls().slot()};
    const auto link = driver.link();
    if (!link.ok()) return;
    if (link->up) netif_set_link_up(&netif_);
    else netif_set_link_down(&netif_);
}

ethernet::Counts Card::counts() {
    if (is_up_) {
        ethernet::Ethernet::ClientOf<ipc::PollTransport> driver{rings_->receive.calls().slot()};
        if (const auto counts = driver.counts(); counts.ok()) counts_ = *counts;
    }
    return counts_;
}

InterfaceRecord Card::known() const {
    InterfaceRecord known;
    if (!ip4_addr_isany_val(*netif_ip4_addr(&netif_))) {  // also while a former incarnation's lease is asked for again
        known.address = netif_ip4_addr(&netif_)->addr;
        known.mask = netif_ip4_netmask(&netif_)->addr;
        known.gateway = netif_ip4_gw(&netif_)->addr;
        if (const ip_addr_t* const server = dns_getserver(0); IP_IS_V4(server)) known.name_server = ip_2_ip4(server)->addr;
    }
    known.has_link_local = ip6_addr_isvalid(netif_ip6_addr_state(&netif_, 0)) != 0;
    for (u32 i = 0; i < InterfaceRecord::kIpv6; ++i)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&netif_, i + 1))) known.ipv6[i] = address_of(*netif_ip_addr6(&netif_, i + 1));
    return known;
}

}  // namespace eft::net
