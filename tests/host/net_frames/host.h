// The network server without its messages: lwIP with our hooks, sockets and their records, over an interface of the test's. One
// client, whose area is the test's, too. reincarnate() is a death: all that is left is the records and the area. There may be two of
// them in a test, with one clock.
#pragma once

#include "frames.h"

#include <lwip_statics.h>

#include <net/keeper.h>
#include <net/sockets.h>

#include <eft/ring/producer.h>
#include <eft/socket/client_area.h>

#include "lwip/netif.h"

#include <memory>
#include <optional>

namespace eft::test {

// Of the process: what lwIP has of the heap, and its clock.
struct LwipMemory {
    static u64 bytes();
    static inline u32 fails_one_in = 0;  // of its allocations; 0: none
    static inline u32 clock_ms = 1000;
};

class Host final : private net::Keeper {
public:
    static constexpr std::array<u8, 4> kAddress = {10, 0, 0, 1}, kPeer = {10, 0, 0, 2};
    // Link-local ones.
    static constexpr Octets kAddress6 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    static constexpr Octets kPeer6 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
    // Between the host and a peer beside it: from the peer's side.
    static Path path(bool ipv6);

    // One interface has its addresses; the second one, if there is one, asks for them. The peer is another machine beside the first.
    enum class Name { First, Peer };
    Host(unsigned seed, u32 interfaces, Name name = Name::First);
    ~Host();

    // A turn of the server: these frames come, then so much time has passed. What it sends.
    std::vector<Frame> turn(const std::vector<Frame>& frames, u32 milliseconds);
    void reincarnate();
    // A turn that a death ends before anything is recorded.

    void die_in_turn(const std::vector<Frame>& frames);

    // The client's calls, which succeed. Addresses are any.
    void open(u32 number, socket::Kind kind);
    void bind(u32 number, u16 port);
    void listen(u32 number, u16 port, u32 backlog);
    void accept(u32 listener, u32 number);
    // To the other machine.
    void connect(u32 number, bool ipv6, u16 port);
    void shut_sending(u32 number);
    void close(u32 number);
    void ask_for_name(const char* name);

    socket::ClientArea client{{.sockets = 32, .receive_bytes = socket::kLeastStreamReceive, .send_bytes = socket::kLeastRing}};
    bool has(u32 number, socket::Condition condition) const;
    // Without those that wait for a silent peer to acknowledge their end, twelve times.
    u32 records_in_use() const;
    u64 lost() const { return state_->counts.lost; }

private:
    struct Interface {
        Host* host;
        bool asks;  // for addresses
        netif lwip{};
    };

    const net::NetState& state() const override { return *state_; }
    Result<net::SocketRecord*> edit_record(u32 record) override { return &state_->records[record]; }
    Result<net::NetCounts*> edit_counts() override { return &state_->counts; }
    Result<u32*> edit_last_port() override { return &state_->last_port; }
    void commit() override {}
    std::span<std::byte> area(u32 place) override { return place == 0 ? std::span(area_.get(), client.bytes(0)) : std::span<std::byte>(); }
    void signal(u32) override {}
    void want_turn() override {}

    // Makes this one's lwIP the process's.
    void enter();
    void start();
    void take_in(const std::vector<Frame>& frames, u32 milliseconds);
    void add(Interface& interface);
    static err_t set_up(netif* interface);
    static err_t lay_out(netif* interface, pbuf* frame);
    net::SocketRecord& edit(u32 number);
    void touch(u32 number);

    Name name_;
    LwipStatics statics_;
    std::unique_ptr<net::NetState> state_ = std::make_unique<net::NetState>();
    struct AreaDelete {
        void operator()(std::byte* area) const { ::operator delete[](area, std::align_val_t{64}); }
    };
    std::unique_ptr<std::byte[], AreaDelete> area_;
    std::unique_ptr<net::Sockets> sockets_;
    Interface interfaces_[2] = {{this, false}, {this, true}};
    u32 interface_count_;
    std::vector<Frame> laid_;
};

}  // namespace eft::test
