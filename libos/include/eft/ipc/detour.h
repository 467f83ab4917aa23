// Calls that take another way than the thread's own system call: how stubs are used where the thread must not wait.
//
// While a detour is set, whatever is called through a DetourTransport is given to it, message and page. Without one it is the
// usual transport. detoured_function.h sets it.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/task.h>

#include <eft/arch/program.h>

namespace eft::ipc {

class Detour {
public:
    // As the system call: operation, endpoint and request; the answer is in the same registers, and in page().
    virtual Error call(u64 operation, Slot endpoint, Registers& registers) = 0;
    virtual Utcb& page() = 0;

protected:
    ~Detour() = default;
};
inline EFT_PROCESS_LOCAL constinit Detour* detour = nullptr;

// Runs functions with a detour, for those who have none and must not wait.
class Detours {
public:
    virtual Task<Status> run_detoured(Status (*function)(void*), void* argument) = 0;

protected:
    ~Detours() = default;
};

class DetourTransport : public KernelTransport {
public:
    using KernelTransport::KernelTransport;

    Error call(Registers& registers) { return detour ? detour->call(sys::number(SystemCall::Call), slot(), registers) : KernelTransport::call(registers); }
    Error send(Registers& registers) { return detour ? detour->call(sys::number(SystemCall::Send), slot(), registers) : KernelTransport::send(registers); }
    Error poll_send(Registers& registers) {
        return detour ? detour->call(sys::number(SystemCall::Send, true), slot(), registers) : KernelTransport::poll_send(registers);
    }
    Utcb& page() { return detour ? detour->page() : KernelTransport::page(); }

    // For calls of this session that somebody makes for a coroutine, which waits: a ring's client that opens a file again.
    void set_detours(Detours* detours) { detours_ = detours; }
    template <class Function>
    Task<Status> run(Function function) {
        if (!detours_) co_return function();
        const Status status = co_await detours_->run_detoured([](void* of) -> Status { return (*static_cast<Function*>(of))(); }, &function);
        co_return status;
    }

private:
    Detours* detours_ = nullptr;
};

}  // namespace eft::ipc
