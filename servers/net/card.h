// A network interface with a card: lwIP's netif over a driver's rings (idl/ethernet.fbs).
//
// Frames in are copied before lwIP reads them, since the card's driver can change its buffers at any time. Frames out are laid
// out in the area when lwIP makes them, and submitted by send(): step (4) of records.h.
#pragma once

#include "net/fixed_address.h"
#include "net/records.h"

#include <eft/cap.h>
#include <eft/idl/ethernet.h>
#include <eft/ring/attached_ring.h>

#include "lwip/netif.h"

#include <array>
#include <optional>

namespace eft::net {

class Card {
public:
    // Bits of the server's notification; both rings have one of their own.
    struct Wakes {
        CapHandle receive, send, link;
    };

    Card() = default;
    Card(const Card&) = delete;
    Card& operator=(const Card&) = delete;

    // The driver that names knows as `service`, with what a former incarnation had learned, or with addresses that are fixed: then
    // DHCP is not asked. NotFound: there is no driver. PermissionDenied: the manifest rules it out, so names is not asked again. May
    // wait for one that is being started. Called again it attaches again if the driver has failed.
    Status attach(std::string_view service, const Wakes& wakes, const InterfaceRecord& known, const std::optional<FixedAddress>& fixed);
    bool is_attached() const { return is_up_; }
    // There is a link, and no address.
    bool is_configuring() const { return is_up_ && netif_is_link_up(&netif_) && ip4_addr_isany_val(*netif_ip4_addr(&netif_)); }
    netif& interface() { return netif_; }
    // What is known now; and whether it may be other than at the last time.
    InterfaceRecord known() const;
    bool has_changed() { return std::exchange(has_changed_, false); }

    // False: there may be more.
    bool take_in();
    // Since the last time, the driver has been restarted, and frames may have been lost that had come.
    bool has_lost_frames() { return std::exchange(has_lost_frames_, false); }
    void send();
    bool prepare_to_sleep();
    void look_at_link();
    ethernet::Counts counts();
    u64 address() const { return address_; }

private:
    static constexpr u32 kBuffers = 256;  // each way
    static constexpr u32 kBufferBytes = 2048;
    static constexpr u32 kAtOnce = 64;       // frames that are taken in
    static constexpr u32 kGivenAtOnce = 64;  // buffers, at least
    using Ring = ring::AttachedRing<ethernet::Ethernet>;
    struct Rings {
        Ring receive{1, kBuffers * kBufferBytes}, send{1, kBuffers * kBufferBytes};
    };
    struct Laid {
        u16 buffer, bytes;
    };

    static err_t set_up(netif* interface);
    static err_t lay_out(netif* interface, pbuf* frame);
    static err_t output_ipv4(netif* interface, pbuf* packet, const ip4_addr_t* to);
    static err_t output_ipv6(netif* interface, pbuf* packet, const ip6_addr_t* to);

    Status connect(std::string_view service, const Wakes& wakes);
    void add(InterfaceRecord known, const std::optional<FixedAddress>& fixed);
    void ask_for_address(const InterfaceRecord& known);
    void note_restart();
    void give_buffers();
    void take_sent();
    void take_frame(u32 buffer, u32 bytes);
    bool has_failed() { return rings_->receive.ring().has_failed() || rings_->send.ring().has_failed(); }
    ipc::AreaSpan span(Ring& ring, u32 buffer, u32 bytes) { return {ring.area().data(), buffer * kBufferBytes, bytes}; }

    std::optional<Rings> rings_;
    netif netif_{};
    u64 address_ = 0;
    u32 mtu_ = 0;
    bool is_up_ = false, is_added_ = false, is_refused_ = false, was_full_ = false, has_lost_frames_ = false, has_changed_ = true;
    u32 takeovers_ = 0;
    ethernet::Counts counts_{};

    // Buffers that the driver does not have; and which one each ticket has.
    std::array<u16, kBuffers> empty_{}, free_{};
    u32 empty_count_ = 0, free_count_ = 0;
    std::array<u16, ethernet::Ethernet::kRingEntries> received_{}, sent_{};
    std::array<Laid, kBuffers> laid_{};
    u32 laid_count_ = 0;
};

}  // namespace eft::net
