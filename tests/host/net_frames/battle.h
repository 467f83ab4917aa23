// Hostile frames into lwIP with our hooks, and beside them two connections that are to go on, one over IPv4 and one over IPv6. The
// client's programs echo to whoever attacks, and exchange known streams with the peers that do not.
#pragma once

#include "attack.h"
#include "host.h"
#include "peer.h"

#include <string>

namespace eft::test {

class Battle {
public:
    explicit Battle(unsigned seed, u32 interfaces = 2);

    // So many hostile frames, and what the peers say, in any order; then so much time has passed.
    void turn(u32 hostile, u32 milliseconds = 5) { turn_with(attack_.next(hostile), milliseconds); }
    void turn_with(std::vector<Frame> frames, u32 milliseconds = 5, u32 peers = 2);
    // The server dies; so all that it has in memory is made again.
    void die();
    // Until the spared connections have moved on by so many bytes each way; false: they have stopped.
    bool goes_on(u64 bytes);
    // The program sends a datagram of so many bytes to the IPv6 peer: whether it goes out in one frame.
    bool sends_whole(u32 bytes);
    // What is wrong with them, in words; empty: nothing.
    std::string complaint() const;
    // Whoever attacked is silent, and all that is kept for him ends: half a connection, fragments, a closed one's time.
    void be_quiet();

    const Peer& peer(u32 number) const { return peers_[number]; }
    u64 lost() const { return host_.lost(); }
    u32 records() const { return host_.records_in_use(); }

private:
    struct Progress {
        u64 acknowledged, received;
    };
    std::array<Progress, 2> progress() const;
    void accept(u32 number);
    void serve(u32 number);
    void answer(const Frame& frame);
    void answer_about_neighbours(const Frame& frame);
    void work();
    void work_spared(u32 index);
    void work_attacked(u32 number);

    Host host_;
    Attack attack_;
    std::array<Peer, 2> peers_ = {Peer(Host::path(false), 7001, Attack::kSparedPort, 10), Peer(Host::path(true), 7002, Attack::kSparedPort, 20)};
    u64 taken_[2] = {}, written_[2] = {}, wrong_[2] = {};
    Error failure_[2] = {};
    bool serves_ = true;  // whoever attacks
};

}  // namespace eft::test
