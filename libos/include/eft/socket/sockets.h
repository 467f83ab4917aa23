// Sockets for programs: TCP, UDP and ping, over the Socket interface of the network server.
//
//   socket::Sockets sockets(loop);
//   EFT_CO_TRY(socket::Address address, co_await sockets.resolve("example.org"));
//   EFT_CO_TRY(socket::Stream stream, co_await sockets.connect({.address = address, .port = 80}));
//   EFT_CO_CHECK(co_await stream.write(request));
//   EFT_CO_TRY(u64 count, co_await stream.read(buffer));  // 0: the peer has ended
//
// A socket is open as long as its object; what was written is sent all the same. Whatever waits may be cancelled by destroying
// its Task, which must not outlive the socket. Bytes go through the rings of the area (layout.h), without calls; opening,
// binding and closing are calls, which wait for a server that is being started.
//
// A restart of the server is not to be seen here. Where it is held, what waits, and what would, ends with ServiceHeld, and may
// be tried again. Where it has lost the session, its sockets end with ConnectionReset, and new ones can be opened.
//
// Addresses are written and read by <eft/socket/address.h>, which has the words for errors, too.
#pragma once

#include <eft/ring/attached_ring.h>
#include <eft/socket/client_area.h>
#include <eft/wake_loop.h>

#include <eft/idl/socket.h>

#include <array>
#include <string_view>
#include <utility>

namespace eft::socket {

class Sockets;

// What every socket has. Moved from, it is none.
class SocketHandle {
public:
    SocketHandle(SocketHandle&& other) noexcept : sockets_(std::exchange(other.sockets_, nullptr)), number_(other.number_) {}
    SocketHandle& operator=(SocketHandle&& other) noexcept;
    ~SocketHandle();

    Status set(Option option, u32 value);
    // Its state, and the names of both ends.
    Result<Description> describe() const;

protected:
    friend class Sockets;
    SocketHandle(Sockets& sockets, u32 number) : sockets_(&sockets), number_(number) {}
    Sockets* sockets_;
    u32 number_;
};

// A TCP connection.
class Stream : public SocketHandle {
public:
    // At least one byte, unless none are wanted; 0: the peer has sent all that it will.
    Task<Result<u64>> read(std::span<std::byte> to);
    // Until all of it is in the send ring.
    Task<Status> write(std::span<const std::byte> from);
    // Send: the peer reads to the end of what was written. Receive: what comes is thrown away.
    Status shutdown(Directions directions);
    const Endpoint& peer() const { return peer_; }

private:
    friend class Sockets;
    Stream(SocketHandle&& socket, const Endpoint& peer) : SocketHandle(std::move(socket)), peer_(peer) {}
    Endpoint peer_;
};

class Listener : public SocketHandle {
public:
    // The next connection; while all sockets of the area are in use, it waits for one that is closed.
    Task<Result<Stream>> accept();

private:
    friend class Sockets;
    explicit Listener(SocketHandle&& socket) : SocketHandle(std::move(socket)) {}
};

// A UDP socket, or one for pings: each has the sequence number that it was sent with, and that comes back.
class DatagramSocket : public SocketHandle {
public:
    // Until it is in the send ring. OutOfRange: it is longer than that.
    Task<Status> send(std::span<const std::byte> bytes, const Endpoint& to, u16 sequence = 0);
    // What does not fit is lost.
    Task<Result<Datagram>> receive(std::span<std::byte> to);

private:
    friend class Sockets;
    explicit DatagramSocket(SocketHandle&& socket) : SocketHandle(std::move(socket)) {}
};

class Sockets final : private WakeSource {
public:
    static constexpr u32 kBacklog = 16;

    // `service`: as the manifest allows it. The session is opened, and the memory taken, by whoever first needs it.
    explicit Sockets(WakeLoop& loop, Sizes sizes = {}, std::string_view service = "net") : loop_(loop), service_(service), area_(sizes), server_(1, area_bytes()) {
        entries_.fill(kNone);
    }
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;
    ~Sockets() { loop_.remove(*this); }

    // LimitReached: all sockets of the area are in use.
    Task<Result<Stream>> connect(Endpoint peer);
    // No address: any of this machine.
    Task<Result<Listener>> listen(Endpoint local, u32 backlog = kBacklog);
    // Bound to this name; port 0: the server chooses.
    Task<Result<DatagramSocket>> open_datagrams(Endpoint local = {});
    // The session must be of the kind `server`.
    Task<Result<DatagramSocket>> open_ping();

    // An address as it is written, or the first one that a name has. The name must outlive the task.
    Task<Result<Address>> resolve(std::string_view name, bool want_ipv6 = false);
    // The next one behind this one; the strings are valid until this thread's next call.
    Result<Interface> next_interface(u32 after);
    Result<Totals> totals();
    // The next socket of anybody behind this one; the session must be of the kind `control`.
    Result<SocketLine> next_socket(u32 after);

private:
    friend class SocketHandle;
    friend class Stream;
    friend class Listener;
    friend class DatagramSocket;
    static constexpr u32 kNames = 16;  // that are resolved at the same time
    static constexpr u32 kNameBytes = 256;
    static constexpr u64 kNone = ~u64{0};

    void on_wake() override;
    bool prepare_to_sleep() override;

    u32 area_bytes() const { return static_cast<u32>(area_.bytes(kNames * kNameBytes)); }
    Status attach();
    auto& calls() { return server_.calls(); }
    // After each call: the server may have lost the session.
    void note_session();
    // What a call answered, which may have been repeated in another session.
    template <class Answer>
    Answer noted(Answer answer) {
        note_session();
        return answer;
    }
    void wake_all(Status status);

    enum class IfAllOpen : bool { Fail, Wait };
    Task<Result<SocketHandle>> open(Kind kind, IfAllOpen if_all_open);
    bool is_free(u32 number);
    Result<u32> find_free();
    void close(u32 number);
    void tell_closed(u32 number);
    Task<Result<Stream>> accept(u32 listener);
    Result<Endpoint> bind(u32 number, const Endpoint& local);
    // What `attempt` answers when it is not WouldBlock; it is made again whenever the socket's bell has rung.
    template <class Attempt>
    Task<std::invoke_result_t<Attempt>> when_possible(u32 number, Attempt attempt);
    // What the ring answers to an entry for a socket; one that was given up because of deaths is submitted again.
    template <class Answer, class Submit>
    Task<Result<Answer>> answer_to(u32 number, Submit submit);
    Task<Status> write(u32 number, std::span<const std::byte> from);
    Status shutdown(u32 number, Directions directions);
    Status set(u32 number, Option option, u32 value);
    Result<Description> describe(u32 number);

    WakeLoop& loop_;
    std::string_view service_;
    CapHandle wake_;
    ClientArea area_;
    ring::AttachedRing<Socket> server_;
    ring::Windows names_{kNames, kNameBytes};
    u64 attachments_ = 0;      // that the sockets in the area belong to
    bool must_wake_ = false;   // all who wait, by the loop: something has changed that no bell tells of
    std::array<WaitList, kSockets> changed_;
    std::array<u64, kSockets> entries_;  // the ticket of each one's last entry
    WaitList freed_;                     // for any number to be free
};

}  // namespace eft::socket
