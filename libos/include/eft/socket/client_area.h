// The client's side of the area that layout.h describes: which numbers are in use, how far their rings are written and read.
//
// Nothing here waits and nothing calls the server. What cannot be done yet is WouldBlock: to be tried again when the socket's
// bell has rung. Each number has its own place for its rings, so the memory for all of them is there from the beginning.
//
// What the server writes is read once and checked: positions that cannot be true, and an open socket that is said to be free, are
// ProtocolViolation.
#pragma once

#include <eft/abi/result.h>
#include <eft/socket/layout.h>

#include <array>
#include <utility>

namespace eft::socket {

// Of an area. The sizes of the rings are powers of two from kLeastRing (kLeastStreamReceive, if there are streams) to kMostRing.
struct Sizes {
    u32 sockets = 16;
    u32 receive_bytes = kLeastStreamReceive;
    u32 send_bytes = 65536;
};

struct Datagram {
    Endpoint from;
    u32 bytes = 0;     // as it was sent, however few there was room for
    u16 sequence = 0;  // of a ping
};

class ClientArea {
public:
    explicit ClientArea(Sizes sizes) : sizes_(sizes) {}
    ClientArea(const ClientArea&) = delete;
    ClientArea& operator=(const ClientArea&) = delete;

    // What it must have behind `reserved` bytes that somebody else uses, after the headers.
    u64 bytes(u64 reserved) const { return kRingsAt + reserved + sizes_.sockets * ring_bytes(); }
    void place(std::span<std::byte> area, u64 reserved);

    u32 sockets() const { return sizes_.sockets; }
    // Nobody has it, or it was closed and the server has said Free since.
    bool is_free(u32 number);
    bool any_closing() const;
    // To be sent with Open; it clears the client's line of the header. Then opened().
    Opening opening(u32 number, Kind kind);
    void opened(u32 number) { slots_[number].use = Use::Open; }
    // The number is free when the server says so. False: it is free already, there is nothing to be closed.
    bool close(u32 number);
    // Whose Close was not answered.
    void set_unclosed(u32 number, bool unclosed) { slots_[number].is_unclosed = unclosed; }
    bool is_unclosed(u32 number) const { return slots_[number].use == Use::Closing && slots_[number].is_unclosed; }
    // The server knows none of the sockets any more: what is open fails with ConnectionReset, what was closed is free.
    void lose_all();
    // Why nothing can be done with it at all: ConnectionReset (it was lost), Cancelled (it was closed).
    Status usable(u32 number) const;

    // Streams. How many bytes: at least one, and none only at the end of what comes, or if none are wanted.
    Result<u64> read(u32 number, std::span<std::byte> to);
    Result<u64> write(u32 number, std::span<const std::byte> from);
    // Datagrams and pings. OutOfRange: it is longer than the ring.
    Result<Datagram> receive(u32 number, std::span<std::byte> to);
    Status send(u32 number, const Endpoint& to, u16 sequence, std::span<const std::byte> bytes);

    // Listeners: a connection waits to be accepted.
    Status acceptable(u32 number) const;

    // Of the own bell; each is told once.
    u64 take_rung(u32 word) { return socket::take_rung(head_->client, word); }
    bool prepare_to_sleep() { return socket::prepare_to_sleep(head_->client); }
    // Since the last time the server's bell was rung and the server slept: it is to be signalled.
    bool take_signal() { return std::exchange(must_signal_, false); }

private:
    enum class Use : u8 { Free, Open, Closing, Lost };
    // The client's own numbers are here, and only written to the area.
    struct Slot {
        Use use = Use::Free;
        bool is_unclosed = false;
        u64 taken = 0, submitted = 0;
        u64 told = 0;  // of `taken`: when the bell was rung for it
    };

    u64 ring_bytes() const { return u64{sizes_.receive_bytes} + sizes_.send_bytes; }
    u64 rings_of(u32 number) const { return rings_at_ + number * ring_bytes(); }
    Bytes receive_ring(u32 number) const { return {area_ + rings_of(number), sizes_.receive_bytes}; }
    Bytes send_ring(u32 number) const { return {area_ + rings_of(number) + sizes_.receive_bytes, sizes_.send_bytes}; }
    const Header& header(u32 number) const { return head_->headers[number]; }
    Header& header(u32 number) { return head_->headers[number]; }

    // Of a socket that is open.
    Result<u32> conditions(u32 number) const;
    // What has come and was not taken; at least `least`. 0: nothing will come.
    Result<u64> to_take(u32 number, u64 least) const;
    Result<u64> room_to_send(u32 number) const;
    void take(u32 number, u64 bytes);
    void submit(u32 number, u64 bytes);
    void ring(u32 number) { must_signal_ |= socket::ring(head_->server, number); }

    Sizes sizes_;
    std::byte* area_ = nullptr;
    AreaHead* head_ = nullptr;
    u64 rings_at_ = 0;
    bool must_signal_ = false;
    std::array<Slot, kSockets> slots_{};
};

}  // namespace eft::socket
