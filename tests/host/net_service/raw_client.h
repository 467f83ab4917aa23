// A client that does without <eft/socket/sockets.h>, and can do what that would not: the test's own session, with one receive and
// one send ring that all of its sockets have in common.
#pragma once

#include "net_scene.h"

#include <eft/wake.h>

namespace eft::test {

class RawClient {
public:
    using Ring = socket::SocketRing<ring::PeerWake>;
    static constexpr u32 kReceiveAt = socket::kRingsAt, kReceiveBytes = socket::kLeastStreamReceive;
    static constexpr u32 kSendAt = kReceiveAt + kReceiveBytes, kSendBytes = socket::kLeastRing;
    static constexpr u32 kNameAt = kSendAt + kSendBytes;
    static constexpr u32 kAreaBytes = kNameAt + kPageSize;

    // Attached.
    RawClient(NetScene& scene, u64 number, NetScene::SocketKind kind = NetScene::SocketKind::Client)
        : calls(scene.session(kind, number)), scene_(scene) {
        REQUIRE(ring.create(ring_memory_.bytes(), kAreaBytes).ok());
        REQUIRE(attach() == Error::None);
    }
    Error attach(u64 area_bytes = kAreaBytes) { return attach(area_memory_, area_bytes); }
    Error attach(const SharedMemory& memory, u64 area_bytes) {
        socket::Attach request;
        request.ring = ipc::CapField<ipc::kind::Memory>(ring_memory_.object().slot());
        request.area = ipc::CapField<ipc::kind::Memory>(memory.object().slot());
        request.wake = wake_;
        request.area_bytes = area_bytes;
        auto attached = calls.attach(request);
        if (attached.ok()) server_wake_ = CapHandle(attached->wake.release());
        return attached.error();
    }

    static socket::Opening opening(u32 number, socket::Kind kind = socket::Kind::Stream) {
        return {.socket = number, .kind = kind, .receive_at = kReceiveAt, .receive_bytes = kReceiveBytes, .send_at = kSendAt, .send_bytes = kSendBytes};
    }
    Error open(u32 number, socket::Kind kind = socket::Kind::Stream) {
        ring::write(header(number).taken, u64{0});
        ring::write(header(number).submitted, u64{0});
        return calls.open(opening(number, kind)).error();
    }
    Error bind(u32 number, u16 port, socket::Address address = {}) { return calls.bind({.socket = number, .address = address, .port = port}).error(); }
    // On any address.
    Error listen(u32 number, u16 port, u32 backlog = 8) {
        if (const Error error = open(number); error != Error::None) return error;
        if (const Error error = bind(number, port); error != Error::None) return error;
        return calls.listen({.socket = number, .backlog = backlog}).error();
    }
    Error close(u32 number) { return calls.close({.socket = number}).error(); }
    socket::State state(u32 number) { return calls.describe({.socket = number})->state; }

    // Entries: the answer comes when there is one.
    void submit_connect(u32 number, u16 port, socket::Address address = kIpv4Self) {
        REQUIRE(ring.submit_connect({.socket = number, .address = address, .port = port}).ok());
    }
    void submit_accept(u32 listener, u32 number) { REQUIRE(ring.submit_accept({.listener = listener, .socket = number}).ok()); }
    void submit_resolve(std::string_view name) {
        std::memcpy(area.data() + kNameAt, name.data(), name.size());
        socket::Question question;
        question.name = ipc::AreaSpan(area.data(), kNameAt, static_cast<u32>(name.size()));
        REQUIRE(ring.submit_resolve(question).ok());
    }
    // How the next entry ended, which may take so long.
    static constexpr Error kNothing = static_cast<Error>(0xffff);
    Error next(u64 seconds = 1) {
        Error status = kNothing;
        scene_.pass_until([&] {
            const auto done = ring.take_completion();
            REQUIRE(done.ok());
            if (done->has_value()) status = (*done)->status;
            return done->has_value();
        }, seconds);
        return status;
    }
    Error connect(u32 number, u16 port, socket::Address address = kIpv4Self) {
        submit_connect(number, port, address);
        return next();
    }
    Error accept(u32 listener, u32 number) {
        submit_accept(listener, number);
        return next();
    }

    socket::AreaHead& head() { return *reinterpret_cast<socket::AreaHead*>(area.data()); }
    socket::Header& header(u32 number) { return head().headers[number]; }
    bool has(u32 number, socket::Condition condition) { return ring::acquire(header(number).conditions) & static_cast<u32>(condition); }
    // What the client may write of a socket, and the bell for it.
    void say(u32 number, u64 taken, u64 submitted) {
        ring::release(header(number).taken, taken);
        ring::release(header(number).submitted, submitted);
        if (socket::ring(head().server, number)) sys::signal(server_wake_.slot());
        scene_.stage.run();
    }
    Error failure(u32 number) { return has(number, socket::Condition::Failed) ? static_cast<Error>(ring::read_once(header(number).error)) : Error::None; }

    socket::SocketClient<> calls;

private:
    NetScene& scene_;
    SharedMemory ring_memory_ = *SharedMemory::create(Ring::kMemoryBytes), area_memory_ = *SharedMemory::create(kAreaBytes);
    CapHandle wake_ = *make_wake(1), server_wake_;

public:
    std::span<std::byte> area = area_memory_.bytes();
    Ring ring{ring::PeerWake(&server_wake_)};
};

}  // namespace eft::test
