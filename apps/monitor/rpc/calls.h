// Calls that the prompt does not wait in. Each is made by a further thread of this process (mem's FurtherThread), which
// does nothing else, while the prompt's own thread goes on.
//
// Such a thread is suspended unless it makes a call, and each call begins at its entry: registers and message page are set
// from outside. So a call is left by suspending the thread, wherever it is: not begun, queued, waiting at the server, or
// answered. What the server has of it then is a caller that is gone; it hears of that when the session is closed
// (Endpoints::close()).
#pragma once

#include <eft/cap.h>
#include <eft/ipc/registers.h>
#include <eft/wake_loop.h>

#include <descriptor_generated.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

namespace eft::monitor {

class Calls final : private WakeSource {
public:
    static constexpr unsigned kMost = 8;  // that wait at once

    explicit Calls(WakeLoop& loop) : loop_(loop) {}

private:
    static constexpr std::size_t kStackBytes = 8192;
    struct Thread {
        CapHandle thread;
        Utcb* page = nullptr;
        alignas(16) std::array<std::byte, kStackBytes> stack{};
        Calls* calls = nullptr;
        bool taken = false;
        Completion<Error>* waiting = nullptr;
        // What the thread reads, and what it writes before it says that it has ended.
        u64 operation = 0;
        Slot target = Slot::None;
        ipc::Registers registers;
        Error error = Error::None;
        std::atomic<bool> ended = false;
    };

public:
    // One thread, for calls one after the other. Its destructor leaves the call that is in progress.
    class Caller {
    public:
        explicit Caller(Thread& thread) : thread_(&thread) { thread.taken = true; }
        Caller(Caller&& other) noexcept : thread_(std::exchange(other.thread_, nullptr)) {}
        Caller& operator=(Caller&&) = delete;
        ~Caller();

        // The message, but for what page() holds of it.
        ipc::Registers& registers() { return thread_->registers; }
        Utcb& page() { return *thread_->page; }
        // Until it is answered, or sent if it has no answer. The error is the kernel's.
        Task<Error> make(Slot target, descriptor::Carrier carrier = descriptor::Carrier::Call);
        // Of the answer.
        ipc::ReceivedCaps take_caps() {
            return ipc::ReceivedCaps([this]() -> Utcb& { return page(); }, registers().tag);
        }

    private:
        Thread* thread_;
    };

    bool vacant() const;
    // Busy: all threads are in calls. Others: there can be no further thread.
    Result<Caller> caller();

private:
    [[noreturn]] static void run(Thread* thread);
    Result<std::unique_ptr<Thread>> make_thread(unsigned index);
    void on_wake() override;
    bool prepare_to_sleep() override { return true; }

    WakeLoop& loop_;
    CapHandle wake_;  // signalled by each thread at the end of its call
    std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace eft::monitor
