// A client of a driver with a ring on a Stage: its session, ring and area. Its notification is the test's, with a bit for each
// badge.
#pragma once

#include <stage_case.h>

#include <eft/ring/attached_ring.h>
#include <eft/wake.h>

namespace eft::test {

template <class Service, u64 kBytes>
class RingSession {
public:
    static constexpr u64 kAreaBytes = kBytes;
    using Ring = typename Service::template RingOf<ring::PeerWake>;
    using Attached = typename Service::AttachMethod::Response;

    RingSession(Stage& stage, Program& driver, u64 own_badge) : badge(own_badge), client(stage.connect(driver, Badge{badge})) {
        REQUIRE(ring.create(ring_memory.bytes(), kAreaBytes).ok());
    }

    Result<Attached> attach() { return attach(ring_memory, area_memory); }
    Result<Attached> attach(const SharedMemory& its_ring, const SharedMemory& its_area) {
        typename Service::AttachMethod::Request request;
        request.ring = ipc::CapField<ipc::kind::Memory>(its_ring.object().slot());
        request.area = ipc::CapField<ipc::kind::Memory>(its_area.object().slot());
        request.wake = wake_;
        request.area_bytes = kAreaBytes;
        auto attached = client.attach(request);
        if (attached.ok()) server_wake_ = CapHandle(attached->wake.release());
        return attached;
    }
    bool woken() const { return (poll_wake() >> badge % 32 & 1) != 0; }

    u64 badge;
    SharedMemory ring_memory = *SharedMemory::create(Ring::kMemoryBytes), area_memory = *SharedMemory::create(kAreaBytes);
    std::span<std::byte> area = area_memory.bytes();

private:
    CapHandle wake_ = *make_wake(u64{1} << badge % 32), server_wake_;

public:
    typename Service::template ClientOf<ipc::KernelTransport> client;
    Ring ring{ring::PeerWake(&server_wake_)};
};

// A heartbeat comes after so long.
inline void beat_after(Stage& stage, Program& driver, u64 seconds) {
    stage.machine.at(stage.machine.now() + seconds * 1000 * host::Machine::kTicksPerMs, [] {});
    stage.run();
    stage.signal(driver, static_cast<u64>(WakeBit::Heartbeat));
    stage.run();
}

}  // namespace eft::test
