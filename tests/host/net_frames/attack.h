// What a hostile machine on the network sends. It hears what the server answers, and so it has connections of its own to spoil.
#pragma once

#include "frames.h"

#include <array>

namespace eft::test {

class Attack {
public:
    explicit Attack(unsigned seed) : random_(seed) {}

    // Ports of the server.
    static constexpr u16 kStreamPort = 4000, kDatagramPort = 6000;
    // Of the connections that are to go on: nobody but their peers knows their numbers, so what is said for them is untrue.
    static constexpr u16 kSparedPort = 5000;

    Frame next();
    std::vector<Frame> next(u32 count);
    void hear(const Heard& heard);
    Random& random() { return random_; }

private:
    struct Connection {
        Path path;
        u16 port = 0;
        u32 sequence = 0, acknowledgement = 0;
    };

    Frame some_frame();
    Frame noise();
    Frame arp();
    Frame icmp();
    Frame neighbour();
    Frame fragment();
    Frame extended();
    Frame datagram();
    Frame dhcp();
    Frame name_answer();
    Frame syn();
    Frame spared();
    Frame spoiled_segment();
    std::vector<u8> tcp_options();
    Path path(bool ipv6);
    bool one_in(u32 chance) { return random_() % chance == 0; }
    u16 edge();

    Random random_;
    std::array<Connection, 16> connections_{};
};

}  // namespace eft::test
