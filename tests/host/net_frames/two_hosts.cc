#include "two_hosts.h"

#include "peer.h"

#include <algorithm>

namespace eft::test {

using socket::Condition;
using socket::Kind;

// The first host listens.
TwoHosts::TwoHosts(const Plan& plan)
    : plan_(plan), random_(plan.seed), hosts_{{{plan.seed, 1, Host::Name::First}, {plan.seed, 1, Host::Name::Peer}}},
      wires_{LossyWire(WireFaults::all(plan.per_mille), plan.seed), LossyWire(WireFaults::all(plan.per_mille), plan.seed + 1)} {
    hosts_[0].open(kListener, Kind::Stream);
    hosts_[0].listen(kListener, kPort, 8);
    for (auto& each : ends_) each.resize(plan.connections);
    for (u32 i = 0; i < plan.connections; ++i) {
        hosts_[0].open(kFirst + i, Kind::Stream);
        hosts_[0].accept(kListener, kFirst + i);
        hosts_[1].open(kFirst + i, Kind::Stream);
        hosts_[1].connect(kFirst + i, plan.ipv6, kPort);
    }
}

bool TwoHosts::run(u32 seconds) {
    const u64 end = LwipMemory::clock_ms + u64{seconds} * 1000;
    while (!is_done() && LwipMemory::clock_ms < end) turn();
    return is_done();
}

void TwoHosts::turn() {
    // Where nothing is under way time passes faster.
    constexpr u64 kAtOnce = 50;
    u64 at = LwipMemory::clock_ms + kAtOnce;
    for (const LossyWire& each : wires_)
        if (const auto next = each.next()) at = std::min(at, std::max<u64>(*next, LwipMemory::clock_ms));
    const auto passed = static_cast<u32>(at - LwipMemory::clock_ms);
    for (u32 i = 0; i < 2; ++i) {
        const std::vector<Frame> frames = wires_[1 - i].arrived(at);
        if (dies()) die(i, frames);
        for (Frame& each : hosts_[i].turn(frames, i == 0 ? passed : 0)) wires_[i].send(std::move(each), at);
        work(i);
    }
}

// In a turn before or after its step (2). A connection that waits to be accepted has an entry in its program's ring.
void TwoHosts::die(u32 which, const std::vector<Frame>& frames) {
    ++deaths_;
    Host& host = hosts_[which];
    if (random_() % 2) {
        host.die_in_turn(frames);
    } else {
        static_cast<void>(host.turn(frames, 0));  // what it would have sent is lost
        host.reincarnate();
    }
    if (which != 0) return;
    for (u32 i = 0; i < plan_.connections; ++i)
        if (host.client.usable(kFirst + i).ok() && !host.has(kFirst + i, Condition::Connected)) host.accept(kListener, kFirst + i);
}

void TwoHosts::work(u32 which) {
    for (u32 i = 0; i < plan_.connections; ++i) {
        End& end = ends_[which][i];
        Host& host = hosts_[which];
        if (end.is_closed || end.failure != Error::None) continue;
        if (!host.has(kFirst + i, Condition::Connected) && !host.has(kFirst + i, Condition::Failed)) continue;
        write(which, i);
        read(which, i);
        if (!end.has_shut || !end.has_seen_end) continue;
        host.close(kFirst + i);
        end.is_closed = true;
    }
}

// Whichever connection of the one end has come to which of the other: all bytes of one direction are the same.
void TwoHosts::write(u32 which, u32 index) {
    End& end = ends_[which][index];
    std::array<std::byte, 1000> bytes;
    const u64 count = std::min<u64>(bytes.size(), plan_.bytes - end.written);
    for (u64 i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(octet_at(which, end.written + i));
    if (count != 0) {
        const auto done = hosts_[which].client.write(kFirst + index, std::span(bytes).first(count));
        if (done.ok()) end.written += *done;
        else if (done.error() != Error::WouldBlock) end.failure = done.error();
    } else if (!end.has_shut) {
        hosts_[which].shut_sending(kFirst + index);
        end.has_shut = true;
    }
}

void TwoHosts::read(u32 which, u32 index) {
    End& end = ends_[which][index];
    std::array<std::byte, 1500> bytes;
    if (end.has_seen_end) return;
    const auto done = hosts_[which].client.read(kFirst + index, bytes);
    if (!done.ok()) {
        if (done.error() != Error::WouldBlock) end.failure = done.error();
        return;
    }
    for (u64 i = 0; i < *done; ++i) end.wrong += std::to_integer<u8>(bytes[i]) != octet_at(1 - which, end.read++);
    end.has_seen_end = *done == 0;
}

// Also the sockets, which are free when the peer has all bytes.
bool TwoHosts::is_done() const {
    for (u32 which = 0; which < 2; ++which)
        for (u32 i = 0; i < plan_.connections; ++i)
            if (ends_[which][i].failure == Error::None && !hosts_[which].has(kFirst + i, Condition::Free)) return false;
    return true;
}

std::string TwoHosts::complaint() const {
    std::string said;
    for (u32 which = 0; which < 2; ++which) {
        const std::string name = which == 0 ? "the listening end: " : "the calling end: ";
        if (hosts_[which].lost() != 0) said += name + std::to_string(hosts_[which].lost()) + " connections lost; ";
        for (const End& end : ends_[which]) {
            if (end.failure != Error::None) said += name + std::string(socket::error_text(end.failure)) + "; ";
            if (end.wrong != 0) said += name + "wrong bytes; ";
            if (end.read != plan_.bytes || !end.has_seen_end) said += name + "received " + std::to_string(end.read) + (end.has_seen_end ? " to the end; " : "; ");
        }
    }
    return said;
}

}  // namespace eft::test
