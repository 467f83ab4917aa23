// The transport of programs on Eft: an owned capability to an endpoint, and the system calls.
#pragma once

#include <eft/cap.h>
#include <eft/ipc/registers.h>
#include <eft/process.h>
#include <eft/syscall.h>

namespace eft::ipc {

class KernelTransport {
public:
    using Handle = CapHandle;

    KernelTransport() = default;
    explicit KernelTransport(CapHandle endpoint) : endpoint_(std::move(endpoint)) {}

    Error call(Registers& registers) { return sys::call(endpoint_.slot(), registers); }
    Error send(Registers& registers) { return sys::send(endpoint_.slot(), registers); }
    Error poll_send(Registers& registers) { return sys::poll_send(endpoint_.slot(), registers); }
    Utcb& page() { return sys::utcb(); }

    // Of calls that say `within` (overdue.h).
    u64 time_stamp() const { return sys::time_stamp(); }
    void timed_reply(u32 label, u64 started, u64 within_ns) const {
        const u64 now = sys::time_stamp();
        if (now - started > stamps_of(within_ns, config().ticks_per_ms)) [[unlikely]]
            complain(endpoint_.slot(), label, started, now);
    }

    // Of calls that say `suspect`.
    void doubted_reply(u32 label, Error error) const { doubt(endpoint_.slot(), label, error); }

    Slot slot() const { return endpoint_.slot(); }
    // A session opened again.
    void replace(CapHandle endpoint) { endpoint_ = std::move(endpoint); }

private:
    CapHandle endpoint_;
};

// The same without waiting for a server: WouldBlock where nobody receives. The capability is somebody else's.
class PollTransport {
public:
    using Handle = CapHandle;

    explicit PollTransport(Slot endpoint) : endpoint_(endpoint) {}

    Error call(Registers& registers) { return sys::poll_call(endpoint_, registers); }
    Error send(Registers& registers) { return sys::poll_send(endpoint_, registers); }
    Error poll_send(Registers& registers) { return sys::poll_send(endpoint_, registers); }
    Utcb& page() { return sys::utcb(); }
    Slot slot() const { return endpoint_; }

private:
    Slot endpoint_;
};

}  // namespace eft::ipc
