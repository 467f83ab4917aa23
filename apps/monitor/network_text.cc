#include "monitor/network_text.h"

#include <eft/json.h>
#include <eft/socket/address.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::monitor {
namespace {

using socket::Address;

constexpr std::size_t kEndWidth = 24;

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

// In a column of this width, and at least one space behind it.
void append_column(std::string& text, std::string_view what, std::size_t width) {
    text.append(what).append(std::max<std::size_t>(width, what.size() + 1) - what.size(), ' ');
}
void append_column(std::string& text, u64 number, std::size_t width) { append_column(text, std::to_string(number), width); }

void append_end(std::string& text, const Address& address, u16 port) {
    if (port == 0 && socket::is_any(address)) return append_column(text, "-", kEndWidth);
    if (!socket::is_any(address)) return append_column(text, socket::to_text(socket::Endpoint{.address = address, .port = port}), kEndWidth);
    append_column(text, "*:" + std::to_string(port), kEndWidth);
}

std::string_view kind_text(socket::Kind kind) {
    switch (kind) {
        case socket::Kind::Stream: return "tcp";
        case socket::Kind::Datagram: return "udp";
        case socket::Kind::Ping: break;
    }
    return "ping";
}

std::string_view state_text(const socket::SocketLine& line) {
    using socket::State;
    static constexpr std::string_view kTcp[] = {"closed", "listen", "syn-sent", "syn-received", "established", "fin-wait-1", "fin-wait-2", "close-wait", "closing", "last-ack", "time-wait"};
    if (line.kind == socket::Kind::Stream && line.state != State::Open && static_cast<std::size_t>(line.tcp) < std::size(kTcp)) return kTcp[static_cast<std::size_t>(line.tcp)];
    return line.state == State::Connected ? "connected" : "open";
}

// What cannot be told from its state.
std::string notes(const socket::SocketLine& line) {
    using socket::SocketFlag;
    std::string text;
    const auto add = [&](bool holds, std::string_view what) {
        if (holds) text.append(text.empty() ? "" : ", ").append(what);
    };
    const auto has = [&](SocketFlag flag) { return (static_cast<u32>(line.flags) & static_cast<u32>(flag)) != 0; };
    add(line.state == socket::State::Waiting, "nobody has accepted it");
    add(line.state == socket::State::Closing, "its client has closed it");
    add(has(SocketFlag::Connects), "waits to be connected");
    add(has(SocketFlag::Accepts), "waits for a connection");
    add(has(SocketFlag::ReceiveShut), "receives nothing");
    add(has(SocketFlag::SendShut) && line.state != socket::State::Closing, "sends no more");
    add(has(SocketFlag::PeerEnded), "peer has ended");
    add(has(SocketFlag::Failed), socket::error_text(static_cast<Error>(line.error)));
    return text;
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

std::string sockets_head() {
    std::string text;
    append_column(text, "KIND", 5);
    append_column(text, "STATE", 13);
    append_column(text, "LOCAL", kEndWidth);
    append_column(text, "PEER", kEndWidth);
    append_column(text, "UNREAD", 8);
    append_column(text, "UNACKED", 8);
    append_column(text, "WINDOWS", 14);
    append_column(text, "SOCKET", 8);
    return text.append("NOTES\n");
}

std::string socket_text(const socket::SocketLine& line) {
    std::string text;
    append_column(text, kind_text(line.kind), 5);
    append_column(text, state_text(line), 13);
    append_end(text, line.local, line.local_port);
    append_end(text, line.peer, line.peer_port);
    append_column(text, line.unread, 8);
    append_column(text, line.unacknowledged, 8);
    append_column(text, std::to_string(line.receive_window) + "/" + std::to_string(line.send_window), 14);
    append_column(text, line.session == 0 ? "-" : std::to_string(line.session) + "." + std::to_string(line.socket), 8);
    text.append(notes(line));
    text.resize(text.find_last_not_of(' ') + 1);
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
