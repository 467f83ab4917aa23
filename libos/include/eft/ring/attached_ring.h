// The client of a service with rings: the session, the ring, and an area in windows, attached to each other.
//
//   ring::AttachedRing<block::Block> disk(16, 64 * 1024);
//   EFT_TRY(const block::Attached attached, disk.connect("block/0", wake));
//   EFT_CO_CHECK(disk.ring().usable());
//   if (!disk.windows().any()) EFT_CO_CHECK(co_await disk.windows().wait());
//   ...
//
// The server's death is not seen: the ring is its next incarnation's. Where nobody serves the ring, its memory says so
// (ConsumerState), the client is signalled, and asks:
//
//   the service is held or stopped       what waits in the ring ends with ServiceHeld, and so does what is submitted, until
//                                        the service is started again
//   the server has lost the session      the same ring is attached again, and what waits in it is answered
//   the client has broken the rules      what waits, and all that follows, ends with ProtocolViolation
//   its requests killed the server too   what waits, and all that follows, ends with ServiceFailed
//   often, and its sessions are closed
//
// Nothing but connect() and the calls of the session waits for a server that is being started.
#pragma once

#include <eft/ipc/client.h>
#include <eft/ipc/describe.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/overdue.h>
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

// `Transport`: of the calls of the session.
template <class Service, class Transport = ipc::KernelTransport>
class AttachedRing {
public:
    using Ring = typename Service::template RingOf<PeerWake>;
    using Calls = typename Service::template ClientOf<Transport>;
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
        if (!calls_) {
            EFT_TRY(CapHandle session, eft::connect(service));
            calls_.emplace(std::move(session));
            calls_->on_reopen(*this);
        }
        if (!area_) {
            EFT_TRY(ring_memory_, SharedMemory::create(Ring::kMemoryBytes));
            EFT_TRY(area_, SharedMemory::create(windows_.area_bytes()));
            EFT_CHECK(ring_.create(ring_memory_.bytes(), area_.bytes().size()));
            windows_.place(area_.bytes());
        }
        ring_.on_doubt(calls_->slot(), doubt);
        auto attached = attach(*calls_);
        is_attached_ = attached.ok();
        return attached;
    }
    bool is_attached() const { return is_attached_; }
    // How often the server has got the ring and the area: each time but the first, it had lost the session before.
    u64 attachments() const { return attachments_; }
    // For what the client and the server have in the area beside the ring.
    void signal_server() { PeerWake(&server_wake_).signal(); }

    // The calls of the session, and those of the ring.
    Calls& calls() { return *calls_; }
    Ring& ring() { return ring_; }
    Windows& windows() { return windows_; }
    std::span<std::byte> area() const { return area_.bytes(); }

    // The notification was signalled: for completions, or because somebody else serves the ring now, or nobody. One signal
    // may stand for both.
    void on_wake() {
        if (!is_attached_) return;
        const u64 before = ring_.in_flight();
        take_completions();
        const bool any = ring_.in_flight() != before || ring_.has_completions();
        if (!any || ring_.consumer_state() != ConsumerState::Serving) find_out(Error::ServiceHeld);
    }
    // Between two signals: resumes those whose completions are there.
    void take_completions() {
        if (!is_attached_) return;
        ring_.on_wake();
        windows_.reclaim(ring_.producer());
    }
    // Before the notification is waited for.
    bool prepare_to_sleep() {
        if (!is_attached_) return true;
        windows_.reclaim(ring_.producer());
        return ring_.prepare_to_sleep();
    }

    // For the stub: the server has forgotten the session. Busy: it has the ring, and works on it.
    Status reopen(ipc::Client<Transport>&) {
        const Error error = attach(*calls_).error();
        return error == Error::Busy ? Error::None : error;
    }

    // Before something is submitted to a ring that is held: is the service back?
    void look() { find_out(Error::None); }

private:
    // Asks who has the endpoint. `if_nobody`: what that means where nobody is there to answer and a tombstone has said that
    // the service is held. It may not have come to receive yet, or be gone: whoever submits then is signalled in any case.
    void find_out(Error if_nobody) {
        Error there = ask();
        const ConsumerState said = ring_.consumer_state();  // after an answer: a server takes up its rings before it answers
        if (there != Error::ServiceHeld && there != Error::InvalidCapability) {
            const bool nobody = there == Error::WouldBlock || there == Error::PeerDied;
            if (said == ConsumerState::Serving) there = Error::None;
            else if (!nobody) there = attach_again();
            else there = said == ConsumerState::Held ? if_nobody : Error::ServiceHeld;
        }
        settle(there);
    }
    void settle(Error found) {
        switch (found) {
            case Error::None:
            case Error::Busy:  // the server has the ring, and works on it
                return ring_.go_on();
            case Error::InvalidCapability: return end(Error::ServiceFailed);
            case Error::ProtocolViolation: return end(found);
            default:  // the server cannot take the ring now; the next request asks again
                ring_.hold();
                windows_.end_waits(Error::ServiceHeld);
        }
    }
    void end(Error error) {
        ring_.fail(error);
        windows_.end_waits(error);
    }
    // WouldBlock: nobody receives, or nobody does at this moment.
    Error ask() {
        sys::Registers question;
        question.tag = Tag(ipc::kWhatIsThereLabel, 0);
        const Error error = sys::poll_call(calls_->slot(), question);
        return error == Error::None ? static_cast<Error>(question.tag.label()) : error;
    }
    Error attach_again() {
        typename Service::template ClientOf<ipc::PollTransport> calls{calls_->slot()};
        return attach(calls).error();
    }

    template <class Client>
    Result<Attached> attach(Client& calls) {
        typename Service::AttachMethod::Request request;
        request.ring = ring_memory_.object();
        request.area = area_.object();
        request.area_bytes = area_.bytes().size();
        request.wake = *wake_;
        auto attached = Result<Attached>(calls.attach(request));
        if (!attached.ok()) return attached;
        server_wake_ = CapHandle(attached->wake.release());
        ++attachments_;
        return attached;
    }

    SharedMemory ring_memory_, area_;
    CapHandle server_wake_;
    Windows windows_;
    Ring ring_;
    std::optional<Calls> calls_;
    const CapHandle* wake_ = nullptr;
    bool is_attached_ = false;
    u64 attachments_ = 0;
};

}  // namespace eft::ring
