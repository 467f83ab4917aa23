#include "battle.h"

#include <eft/socket/address.h>

#include <algorithm>
#include <utility>

namespace eft::test {

using socket::Condition;
using socket::Kind;

namespace {

enum : u32 { kAttackedListener = 0, kSparedListener = 1, kDatagrams = 2, kSpared = 4, kAttacked = 8, kAttackedEnd = 16 };

}  // namespace

Battle::Battle(unsigned seed, u32 interfaces) : host_(seed, interfaces), attack_(seed) {
    host_.open(kAttackedListener, Kind::Stream);
    host_.listen(kAttackedListener, Attack::kStreamPort, 8);
    host_.open(kSparedListener, Kind::Stream);
    host_.listen(kSparedListener, Attack::kSparedPort, 8);
    host_.open(kDatagrams, Kind::Datagram);
    host_.bind(kDatagrams, Attack::kDatagramPort);
    for (u32 i = 0; i < 2; ++i) {
        // One after another, so that it is known whose connection each socket has.
        host_.open(kSpared + i, Kind::Stream);
        accept(kSpared + i);
        for (int turns = 0; turns < 200 && !host_.has(kSpared + i, Condition::Connected); ++turns) turn_with({}, 50, i + 1);
    }
    for (u32 number = kAttacked; number < kAttackedEnd; ++number) serve(number);
}

void Battle::turn_with(std::vector<Frame> frames, u32 milliseconds, u32 peers) {
    for (u32 i = 0; i < peers; ++i) peers_[i].speak(frames);
    std::ranges::shuffle(frames, attack_.random());
    for (const Frame& each : host_.turn(frames, milliseconds)) answer(each);
    work();
}

void Battle::die() {
    host_.reincarnate();
    // Entries of a ring, which has them for the next incarnation.
    for (u32 number = kSpared; number < kAttackedEnd; ++number)
        if (host_.client.usable(number).ok() && !host_.has(number, Condition::Connected)) accept(number);
    host_.ask_for_name("example.org");
}

std::array<Battle::Progress, 2> Battle::progress() const {
    return {Progress{peers_[0].acknowledged(), peers_[0].received()}, Progress{peers_[1].acknowledged(), peers_[1].received()}};
}

bool Battle::goes_on(u64 bytes) {
    const auto before = progress();
    for (int turns = 0; turns < 20'000; ++turns) {
        turn_with({});
        const auto now = progress();
        bool all = true;
        for (u32 i = 0; i < 2; ++i) all &= now[i].acknowledged - before[i].acknowledged >= bytes && now[i].received - before[i].received >= bytes;
        if (all) return true;
    }
    return false;
}

bool Battle::sends_whole(u32 bytes) {
    const std::vector<std::byte> contents(bytes);
    const socket::Endpoint to{.address = socket::address_of(Host::kPeer6), .port = 9};
    if (!host_.client.send(kDatagrams, to, 0, contents).ok()) return false;
    for (int turns = 0; turns < 100; ++turns) {
        bool found = false;
        for (const Frame& each : host_.turn({}, 5)) {
            found |= is_udp6(each, bytes);
            answer(each);
        }
        if (found) return true;
    }
    return false;
}

std::string Battle::complaint() const {
    std::string said;
    for (u32 i = 0; i < 2; ++i) {
        if (peers_[i].was_reset()) said += "reset; ";
        if (peers_[i].wrong() != 0) said += "the peer got wrong bytes; ";
        if (wrong_[i] != 0) said += "the program got wrong bytes; ";
        if (failure_[i] != Error::None) said += std::string(socket::error_text(failure_[i])) + "; ";
    }
    return said;
}

void Battle::be_quiet() {
    // A closed socket is a program's again when its peer has all bytes or is given up, and then it may accept another one that waits.
    // A silent peer is given up after twenty minutes at most.
    constexpr u32 kTurn = 1500;
    for (int rounds_left = 4; rounds_left != 0; --rounds_left) {
        for (u32 number = kAttacked; number < kAttackedEnd; ++number) host_.close(number);
        serves_ = rounds_left != 1;
        for (int turns = 0; turns < 1000; ++turns) turn_with({}, kTurn);
    }
    serves_ = true;
}

void Battle::accept(u32 number) { host_.accept(number < kAttacked ? kSparedListener : kAttackedListener, number); }

void Battle::serve(u32 number) {
    if (!host_.client.is_free(number)) return;
    host_.open(number, Kind::Stream);
    accept(number);
}

// What a machine beside the server hears: questions for its address, and TCP.
void Battle::answer(const Frame& frame) {
    if (const auto heard = hear_tcp(frame)) {
        for (Peer& each : peers_) each.hear(*heard);
        attack_.hear(*heard);
    }
    answer_about_neighbours(frame);
}

void Battle::answer_about_neighbours(const Frame& frame) {
    std::vector<Frame> told;
    if (is_question_for(frame, Host::kPeer)) told.push_back(arp_frame(2, Host::kPeer, Host::kAddress));
    if (is_question_for(frame, Host::kPeer6)) told.push_back(advertisement_frame(Host::path(true)));
    if (told.empty()) return;
    for (const Frame& each : host_.turn(told, 0)) answer(each);
}

// The client's programs.
void Battle::work() {
    for (u32 i = 0; i < 2; ++i)
        if (host_.has(kSpared + i, Condition::Connected) || host_.has(kSpared + i, Condition::Failed)) work_spared(i);
    if (!serves_) return;
    std::array<std::byte, 1500> bytes;
    static_cast<void>(host_.client.receive(kDatagrams, bytes));
    for (u32 number = kAttacked; number < kAttackedEnd; ++number) {
        serve(number);
        if (host_.has(number, Condition::Connected) || host_.has(number, Condition::Failed)) work_attacked(number);
    }
}

void Battle::work_spared(u32 index) {
    std::array<std::byte, 1500> bytes;
    if (const auto count = host_.client.read(kSpared + index, bytes); count.ok())
        for (u64 j = 0; j < *count; ++j) wrong_[index] += std::to_integer<u8>(bytes[j]) != octet_at(peers_[index].seed(), taken_[index]++);
    else if (count.error() != Error::WouldBlock) failure_[index] = count.error();
    for (u32 j = 0; j < 500; ++j) bytes[j] = static_cast<std::byte>(octet_at(peers_[index].seed() + 1, written_[index] + j));
    if (const auto count = host_.client.write(kSpared + index, std::span(bytes).first(500)); count.ok()) written_[index] += *count;
}

void Battle::work_attacked(u32 number) {
    std::array<std::byte, 1500> bytes;
    const auto count = host_.client.read(number, bytes);
    if (count.ok() && *count != 0) static_cast<void>(host_.client.write(number, std::span(bytes).first(*count)));
    else if (count.error() != Error::WouldBlock && host_.client.usable(number).ok()) host_.close(number);
}

}  // namespace eft::test
