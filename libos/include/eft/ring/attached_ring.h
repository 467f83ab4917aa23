// The client of a service with rings: the session, the ring, and an area in windows, attached to each other.
//
//   ring::AttachedRing<block::Block> disk(16, 64 * 1024);
//   EFT_TRY(const block::Attached attached, disk.connect("block/0", wake));
//   EFT_CO_CHECK(disk.ring().usable());
//   if (!disk.windows().any()) EFT_CO_CHECK(co_await disk.windows().wait());
//   ...
//
// The server's death is not seen: the ring is its next incarnation's. Where there is none because the service is held or
// stopped, the tombstone in its place signals those who wait, and a call of the session meets it: what waits in the ring ends
// with ServiceHeld, and so does what is submitted, until the service has been started again. A client whose sessions were
// closed because its requests killed the server is told ServiceFailed, for good. Where a server has lost the session with
// all that was attached (its state was damaged, or names has started over), the stub's next call of the session that finds
// that out attaches the same ring again, and what waits in it is answered by whoever serves it then.
#pragma once

#include <eft/ipc/client.h>
#include <eft/ipc/describe.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/ring/client.h>
#include <eft/ring/windows.h>
#include <eft/session.h>
#include <eft/shared_memory.h>
#include <eft/syscall.h>

#include <optional>
#include <string_view>

namespace eft::ring {

// The notification that the server gives with the answer to Attach.
class PeerWake {
public:
    explicit PeerWake(const CapHandle* notification) : notification_(notification) {}
    void signal() {
        if (*notification_) sys::signal(notification_->slot());
    }

private:
    const CapHandle* notification_;
};

template <class Service>
class AttachedRing {
public:
    using Ring = typename Service::template RingOf<PeerWake>;
    using Calls = typename Service::template ClientOf<ipc::KernelTransport>;
    using Attached = typename Service::AttachMethod::Response;

    AttachedRing(u32 windows, u32 window_bytes) : windows_(windows, window_bytes), ring_(PeerWake(&server_wake_)) {
        ring_.on_held(*this);
    }
    AttachedRing(const AttachedRing&) = delete;
    AttachedRing& operator=(const AttachedRing&) = delete;

    // Again only if it has failed. `wake` is signalled for completions, and stays the caller's. Errors: of names, of mem, and
    // of Attach.
    Result<Attached> connect(std::string_view service, const CapHandle& wake) {
        wake_ = &wake;
        if (!area_) {
            EFT_TRY(ring_memory_, SharedMemory::create(Ring::kMemoryBytes));
            EFT_TRY(area_, SharedMemory::create(windows_.area_bytes()));
            EFT_CHECK(ring_.create(ring_memory_.bytes(), area_.bytes().size()));
            windows_.place(area_.bytes());
        }
        if (!calls_) {
            EFT_TRY(CapHandle session, eft::connect(service));
            calls_.emplace(std::move(session));
            calls_->on_reopen(*this);
        }
        auto attached = attach();
        is_attached_ = attached.ok();
        return attached;
    }
    bool is_attached() const { return is_attached_; }

    // The calls of the session, and those of the ring.
    Calls& calls() { return *calls_; }
    Ring& ring() { return ring_; }
    Windows& windows() { return windows_; }
    std::span<std::byte> area() const { return area_.bytes(); }

    // The notification was signalled. Where that was not for a completion, somebody else may have the endpoint: a tombstone,
    // or a server that has been started again. A call tells.
    void on_wake() {
        if (is_attached_ && !take_completions()) look();
    }
    // Between two signals: resumes those whose completions are there. False: there were none.
    bool take_completions() {
        if (!is_attached_) return false;
        const u64 before = ring_.in_flight();
        ring_.on_wake();
        windows_.reclaim(ring_.producer());
        return ring_.in_flight() != before;
    }
    // Before the notification is waited for.
    bool prepare_to_sleep() {
        if (!is_attached_) return true;
        windows_.reclaim(ring_.producer());
        return ring_.prepare_to_sleep();
    }

    // For the stub. Busy: the server has the ring, and works on it.
    Status reopen(ipc::Client<ipc::KernelTransport>&) {
        const Error error = attach().error();
        return error == Error::Busy ? Error::None : error;
    }

    // Who has the endpoint? Of a service that is being started it waits until it answers.
    void look() {
        sys::Registers question;
        question.tag = Tag(ipc::kWhatIsThereLabel, 0);
        Error error = calls_->transport().call(question);
        if (error == Error::None) error = static_cast<Error>(question.tag.label());
        if (error == Error::ServiceHeld) {
            ring_.hold();
            windows_.end_waits(error);
        } else if (error == Error::InvalidCapability) {
            ring_.fail(Error::ServiceFailed);
            windows_.end_waits(Error::ServiceFailed);
        } else if (error != Error::PeerDied) {  // after that the next incarnation signals, or a tombstone
            ring_.go_on();
        }
    }

private:
    Result<Attached> attach() {
        typename Service::AttachMethod::Request request;
        request.ring = ring_memory_.object();
        request.area = area_.object();
        request.area_bytes = area_.bytes().size();
        request.wake = *wake_;
        auto attached = Result<Attached>(calls_->attach(request));
        if (attached.ok()) server_wake_ = CapHandle(attached->wake.release());
        return attached;
    }

    SharedMemory ring_memory_, area_;
    CapHandle server_wake_;
    Windows windows_;
    Ring ring_;
    std::optional<Calls> calls_;
    const CapHandle* wake_ = nullptr;
    bool is_attached_ = false;
};

}  // namespace eft::ring
