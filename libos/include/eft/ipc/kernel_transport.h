// The transport of programs on Eft: an owned capability to an endpoint, and the system calls.
#pragma once

#include <eft/cap.h>
#include <eft/ipc/registers.h>
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

    Slot slot() const { return endpoint_.slot(); }
    // A session opened anew.
    void replace(CapHandle endpoint) { endpoint_ = std::move(endpoint); }

private:
    CapHandle endpoint_;
};

}  // namespace eft::ipc
