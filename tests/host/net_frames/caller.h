// A connection to the server of which the test says each segment, over IPv4, and the program's end of it. So what is asked is what
// the server answers to this one segment.
#pragma once

#include "frames.h"
#include "host.h"

namespace eft::test {

class Caller {
public:
    // The program's socket, which listens; the connection's own ports and numbers begin at these.
    static constexpr u32 kListener = 0;
    static constexpr u16 kPort = 4000;
    static constexpr u32 kFirst = 1'000'000;

    explicit Caller(Host& host, u16 own_port = 7001) : host_(host), own_port_(own_port) {}

    // The server's neighbour is known to it from here on.
    static void introduce(Host& host);
    static void listen(Host& host, u32 backlog = 8);

    // A SYN, and the server's, if it answers.
    bool begin(std::vector<u8> options = {});
    // All of the handshake.
    bool connect();
    // What the server sends at once for a segment whose bytes lie so far behind the first one.
    std::vector<Heard> say(u8 flags, std::vector<u8> bytes = {}, u32 ahead = 0, std::vector<u8> options = {});
    // How far the server has it all, when these next bytes have come twice: the second time it says so at once.
    u32 fill(u32 bytes);
    // Without a word, so much time passes.
    std::vector<Heard> pass(u32 milliseconds);
    // Of what it said: how far it has what we sent, behind our SYN.
    u32 acknowledged(const Heard& heard) const { return heard.segment.acknowledgement - kFirst - 1; }

private:
    std::vector<Heard> turn(const std::vector<Frame>& frames, u32 milliseconds);

    Host& host_;
    u16 own_port_;
    u32 their_first_ = 0;
};

}  // namespace eft::test
