// Two machines with the network server on one wire that is not to be trusted, and programs of both that send each other known bytes.
#pragma once

#include "host.h"

#include <eft/lossy_wire.h>

#include <array>
#include <string>
#include <vector>

namespace eft::test {

class TwoHosts {
public:
    struct Plan {
        unsigned seed = 1;
        bool ipv6 = false;
        unsigned per_mille = 0;  // of each fault of the wire
        u32 connections = 4;
        u64 bytes = 50'000;     // each way on each of them
        u32 turns_to_live = 0;  // of a host, about; 0: nobody dies
    };
    explicit TwoHosts(const Plan& plan);

    // Until all is done, or so many seconds of their time have passed.
    bool run(u32 seconds);
    // What both ends say is wrong, in words; empty: all bytes have come once and in order, both ways, and their ends.
    std::string complaint() const;
    u32 deaths() const { return deaths_; }
    LossyWire::Counts counts(u32 from) const { return wires_[from].counts(); }

private:
    struct End {
        u64 written = 0, read = 0, wrong = 0;
        bool has_shut = false, has_seen_end = false, is_closed = false;
        Error failure = Error::None;
    };

    static constexpr u32 kListener = 0, kFirst = 1;
    static constexpr u16 kPort = 4000;
    void turn();
    bool dies() { return plan_.turns_to_live != 0 && random_() % plan_.turns_to_live == 0; }
    void die(u32 which, const std::vector<Frame>& frames);
    void work(u32 which);
    void write(u32 which, u32 index);
    void read(u32 which, u32 index);
    bool is_done() const;

    Plan plan_;
    Random random_;
    std::array<Host, 2> hosts_;
    std::array<LossyWire, 2> wires_;  // from each of them
    std::array<std::vector<End>, 2> ends_;
    u32 deaths_ = 0;
};

}  // namespace eft::test
