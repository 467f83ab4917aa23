#include "monitor/network_text.h"

#include <eft/json.h>
#include <eft/socket/address.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::monitor {
namespace {

using socket::Address;

// The byte that is sent first is in the lowest bits, as in Ethernet.
std::string hardware_text(u64 address) {
    FixedText<20> text;
    for (unsigned i = 0; i < 6; ++i) text.append(i == 0 ? "" : ":").hex(address >> 8 * i & 0xff, 2);
    return std::string(text.view());
}

void append_ipv6(std::string& text, const Address& address, std::string_view what) {
    if (socket::is_any(address)) return;
    text.append("    inet6 ").append(socket::to_text(address)).append(what).append("\n");
}

std::string milliseconds(u64 nanoseconds) {
    const u64 microseconds = (nanoseconds + 500) / 1000;
    FixedText<40> text;
    return std::string(text.decimal(microseconds / 1000).append(".").decimal(microseconds % 1000, 3, '0').view());
}

}  // namespace

std::string interface_text(const socket::Interface& interface) {
    std::string text = std::to_string(interface.index) + ": " + terminal_text(interface.name);
    text.append(interface.up ? ": up" : ": down").append(interface.link ? ", link" : ", no link").append(", mtu ").append(std::to_string(interface.mtu));
    if (interface.hardware != 0) text.append(", hardware ").append(hardware_text(interface.hardware));
    text.append("\n");
    if (!socket::is_any(interface.ipv4)) {
        text.append("    inet ").append(socket::to_text(interface.ipv4)).append("/").append(std::to_string(interface.ipv4_prefix));
        if (!socket::is_any(interface.gateway)) text.append(", gateway ").append(socket::to_text(interface.gateway));
        text.append("\n");
    }
    append_ipv6(text, interface.ipv6_link, ", link-local");
    append_ipv6(text, interface.ipv6, "");
    text.append("    received ").append(std::to_string(interface.received_frames)).append(" frames, ").append(std::to_string(interface.received_bytes)).append(" bytes; sent ");
    text.append(std::to_string(interface.sent_frames)).append(" frames, ").append(std::to_string(interface.sent_bytes)).append(" bytes; dropped ");
    return text.append(std::to_string(interface.dropped)).append("\n");
}

std::string totals_text(const socket::Totals& totals) {
    std::string text = "sockets " + std::to_string(totals.sockets) + ", connections " + std::to_string(totals.connections);
    text.append("; over restarts: recovered ").append(std::to_string(totals.recovered)).append(", lost ").append(std::to_string(totals.lost));
    return text.append("\n");
}

void PingTimes::add(u64 nanoseconds) {
    least_ = answers_ == 0 ? nanoseconds : std::min(least_, nanoseconds);
    most_ = std::max(most_, nanoseconds);
    sum_ += nanoseconds;
    ++answers_;
}

std::string milliseconds_text(u64 nanoseconds) { return milliseconds(nanoseconds).append(" ms"); }

std::string PingTimes::text() const {
    std::string text = std::to_string(sent_) + " sent, " + std::to_string(answers_) + " answered";
    if (sent_ != 0) text.append(", ").append(std::to_string((sent_ - answers_) * 100 / sent_)).append(" % lost");
    if (answers_ != 0) text.append("; least ").append(milliseconds(least_)).append(", mean ").append(milliseconds(sum_ / answers_)).append(", most ").append(milliseconds_text(most_));
    return text.append("\n");
}

}  // namespace eft::monitor
