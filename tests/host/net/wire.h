// Two ends of one TCP connection in one lwIP, over its loopback interface, and a clock that the test moves.
//
// An End does what a server does that survives its death: in each turn frames are taken in, then the connection is recorded,
// and only then frames go on. die() forgets everything but the record, the bytes that are kept, and nothing else.
#pragma once

#include "net/tcp_control.h"

#include <random>
#include <string>
#include <vector>

struct pbuf;
struct tcp_pcb_listen;

namespace eft::net {

class Wire;

class End {
public:
    static constexpr u32 kRing = 65536;

    explicit End(Wire& wire) : wire_(wire) {}
    void take_half_open(tcp_pcb& control);
    void begin(const Ends& connection);
    // All that is to be sent, and then the end of it.
    void send(const std::string& bytes) { to_send_ = bytes, ends_ = true; }

    const std::string& received() const { return received_; }
    bool peer_has_ended() const { return peer_ended_; }
    bool is_connected() const { return connected_; }
    bool has_failed() const { return failed_; }
    u8 state() const;
    const TcpRecord& recorded() const { return recorded_.tcp; }
    const Ends& ends() const { return recorded_.ends; }

    // The steps of a turn.
    void work();
    void record();
    // At any point of a turn. What was not recorded is as if it had not been.
    void die();
    void recover();

    // From lwIP.
    void on_received(pbuf* bytes);
    void on_sent(u32 bytes) { acknowledged_ += bytes; }
    void on_connected();
    void on_failed() { control_ = nullptr, failed_ = true; }
    void on_gone() { control_ = nullptr; }

private:
    void attach(tcp_pcb& control);
    void queue_bytes();

    Wire& wire_;
    tcp_pcb* control_ = nullptr;
    bool failed_ = false, connected_ = false, ends_ = false, peer_ended_ = false;
    std::string to_send_, received_;
    u64 acknowledged_ = 0, queued_ = 0;

    struct Recorded {
        Ends ends;
        TcpRecord tcp;
        u64 received = 0, acknowledged = 0;
        bool peer_ended = false, connected = false, is_there = false;
    } recorded_;
};

class Wire {
public:
    Wire(unsigned seed, bool ipv6);
    ~Wire();

    End active{*this}, passive{*this};
    tcp_pcb_listen* listener() const;

    // Until `done` or so many turns; in one of `chance` of them (0: in none) an end dies, before or after it was recorded. Frames
    // of that turn are lost.
    template <class Done>
    bool run(Done done, u32 chance, u32 turns = 20000) {
        for (u32 turn = 0; turn < turns && !done(); ++turn) step(chance);
        return done();
    }
    u32 deaths() const { return deaths_; }

private:
    void step(u32 chance);

    std::mt19937 random_;
    tcp_pcb* listener_ = nullptr;
    u32 deaths_ = 0;
};

// Of all numbers the same ones in each run.
std::string pattern(u64 bytes, unsigned seed);

}  // namespace eft::net
