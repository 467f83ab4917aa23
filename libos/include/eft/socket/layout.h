// The area of a session with the network server (idl/socket.fbs): bells, a header for each socket, and the rings of bytes.
//
//   | server's bell | client's bell | header of socket 0 | of 1 | ... of 255 | receive and send rings, where Open says |
//
// A ring of `size` bytes, a power of two, is a stream with one writer and one reader. Positions count all bytes that ever went
// through it; position p lies at p % size. The writer says how far it has written, the reader how far it has read; both only
// grow, and written - read <= size.
//
//   receive ring   the server writes `received`, the client `taken`
//   send ring      the client writes `submitted`, the server `acknowledged`: what lies before it the peer has, and its place
//                  is free again. What lies behind it the client does not change.
//
// A ring of a datagram or ping socket holds records instead: a DatagramHead, then its bytes, padded to 8.
//
// Who has changed something for a socket rings the other side's bell: the socket's bit, then a signal if the other side sleeps.
// No wake-up is lost: the bit is set, then `sleeps` is read; the sleeper sets `sleeps`, then reads all bits. Of two stores that
// are each followed by a fence and a load of the other's, one load sees the other's store. A new incarnation of the server looks
// at all sockets, and rings for all.
//
// The server writes positions before conditions, so a client reads conditions first. A client rings when it has written, and
// when it has taken a quarter of a receive ring since it rang last.
//
// The server believes nothing that the client writes: a position is read once, and one that cannot be true ends the socket with
// ProtocolViolation. What the server writes it has in its state region and never reads back.
#pragma once

#include <eft/abi/types.h>
#include <eft/idl/socket.h>
#include <eft/ring/shared.h>

#include <cstddef>
#include <span>

namespace eft::socket {

constexpr u32 kSockets = 256;  // of a session
constexpr u32 kLeastRing = 4096;
constexpr u32 kLeastStreamReceive = 65536;
constexpr u32 kMostRing = 256 * 1024;

struct Bell {
    alignas(64) u64 rung[kSockets / 64];  // a bit each
    u32 sleeps;                           // of who is to be woken
};
static_assert(sizeof(Bell) == 64);

// What a socket has come to, for poll() and its like. The server writes it.
enum class Condition : u32 {
    Connected = 1 << 0,
    ReceiveEnded = 1 << 1,  // nothing comes behind `received`: the peer has ended, or Shutdown. What fails then is told to writers
    SendEnded = 1 << 2,     // nothing more goes out: Shutdown, or the connection has ended
    Failed = 1 << 3,        // nothing more comes or goes, and `error` says why
    Free = 1 << 4,          // the number and its rings can be used again, after Close
    Dropped = 1 << 5,       // datagrams came for which there was no room
    Acceptable = 1 << 6,    // connections have come to this listener and wait for Accept
};

struct Header {
    alignas(64) u64 received;  // the server's line
    u64 acknowledged;
    u32 conditions;
    u32 error;  // an Error, or a Failure

    alignas(64) u64 taken;  // the client's
    u64 submitted;
};
static_assert(sizeof(Header) == 128);

struct DatagramHead {
    u32 bytes;  // without this head and padding
    u16 port;   // of the other side, as far as it has one; to be sent: 0 and no address for whom Connect has named
    u16 sequence;  // of a ping
    Address address;
};
static_assert(sizeof(DatagramHead) == 24);
constexpr u64 record_bytes(u64 bytes) { return sizeof(DatagramHead) + (bytes + 7) / 8 * 8; }

struct AreaHead {
    Bell server, client;  // the server's bell is rung by the client
    Header headers[kSockets];
};
constexpr u64 kRingsAt = (sizeof(AreaHead) + kPageSize - 1) / kPageSize * kPageSize;

// One of two sides' bell. Rings for the other side; true: it sleeps, and is to be signalled.
inline bool ring(Bell& bell, u32 socket) {
    __atomic_fetch_or(&bell.rung[socket / 64], u64{1} << socket % 64, __ATOMIC_SEQ_CST);
    if (ring::read_once(bell.sleeps) == 0) return false;
    ring::write(bell.sleeps, u32{0});
    return true;
}
// The own bell: which of the 64 sockets from 64 * word on have it.
inline u64 take_rung(Bell& bell, u32 word) {
    if (ring::read_once(bell.rung[word]) == 0) return 0;
    return __atomic_exchange_n(&bell.rung[word], u64{0}, __ATOMIC_SEQ_CST);
}
// False: somebody has rung; look before sleeping.
inline bool prepare_to_sleep(Bell& bell) {
    ring::write(bell.sleeps, u32{1});
    ring::full_fence();
    for (const u64& word : bell.rung)
        if (ring::read_once(word) != 0) {
            ring::write(bell.sleeps, u32{0});
            return false;
        }
    return true;
}

// The bytes of one ring in the area.
class Bytes {
public:
    Bytes() = default;
    // `size`: a power of two.
    Bytes(std::byte* at, u32 size) : at_(at), size_(size) {}

    u32 size() const { return size_; }
    // From this position on, without a break: at most `bytes` of them.
    std::span<std::byte> from(u64 position, u64 bytes) const {
        const u64 offset = position & (size_ - 1);
        return {at_ + offset, bytes < size_ - offset ? bytes : size_ - offset};
    }
    void copy_in(u64 position, std::span<const std::byte> bytes) const;
    void copy_out(u64 position, std::span<std::byte> bytes) const;

private:
    std::byte* at_ = nullptr;
    u32 size_ = 0;
};

}  // namespace eft::socket
