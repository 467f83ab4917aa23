// Calls that the prompt does not wait in. Each is made by a further thread of this process (mem's FurtherThread), which
// does nothing else, while the prompt's own thread goes on.
//
//   Result<std::string> text = co_await calls.run([&] { return text_of(supervisor.info(name)); });
//
// Such a thread is suspended unless it makes a call, and each call begins at its entry: registers and message page are set
// from outside. So a call is left by suspending the thread, wherever it is: not begun, queued, waiting at the server, or
// answered. What the server has of it then is a caller that is gone; it hears of that when the session is closed
// (Endpoints::close()). Where the session goes on, the answer finds nobody, and the next call of the session is a call like
// any other.
//
// The prompt's own thread calls the core servers (names and mem), which wait for nobody, and the console's driver, without
// which there is no keyboard that could be in charge.
#pragma once

#include <eft/cap.h>
#include <eft/ipc/detoured_function.h>
#include <eft/layout.h>
#include <eft/wake_loop.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <type_traits>

namespace eft::monitor {

class Calls final : private WakeSource {
public:
    static constexpr unsigned kMost = 8;  // of `rpc`, that wait at once

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
        Caller() = default;
        Caller(Caller&& other) noexcept : thread_(std::exchange(other.thread_, nullptr)) {}
        Caller& operator=(Caller&&) = delete;
        ~Caller();

        // The message, but for what page() holds of it.
        ipc::Registers& registers() { return thread_->registers; }
        Utcb& page() { return *thread_->page; }
        // Until it is answered, or sent if it has no answer. The error is the kernel's.
        Task<Error> make(Slot target, u64 operation = sys::number(SystemCall::Call));
        // The call that is in progress, if there is one.
        void leave();
        explicit operator bool() const { return thread_ != nullptr; }
        // Of the answer.
        ipc::ReceivedCaps take_caps() {
            return ipc::ReceivedCaps([this]() -> Utcb& { return page(); }, registers().tag);
        }

    private:
        Thread* thread_ = nullptr;
    };

    // For calls of `rpc`.
    bool vacant() const;
    // Busy: all threads are in calls. Others: there can be no further thread.
    Result<Caller> caller();

    // Runs a function that calls by stubs (ipc::DetourTransport), and answers what it returns. While one of its calls waits,
    // everybody else goes on. Destroying the task leaves the call: that and all further calls of the function are answered
    // Cancelled before the destructor returns, so what the function uses must live as long as the task. What it returns must
    // not point into the message. Two functions that use the same client must not run at once if that client opens sessions
    // again (turns.h). Where there is no memory for a further thread, the function waits itself.
    template <class Function>
    Task<std::invoke_result_t<Function&>> run(Function function);
    // The same of any function, which leaves its result where `argument` says.
    Task<void> run_function(void (*function)(void*), void* argument);

private:
    static constexpr unsigned kThreads = layout::kMostFurtherThreads;

    Task<Caller> stub_caller();
    Result<Caller> caller(unsigned first, unsigned end);
    [[noreturn]] static void run_thread(Thread* thread);
    Result<std::unique_ptr<Thread>> make_thread(unsigned index);
    void on_wake() override;
    bool prepare_to_sleep() override { return true; }

    WakeLoop& loop_;
    CapHandle wake_;  // signalled by each thread at the end of its call
    std::array<std::unique_ptr<Thread>, kThreads> threads_;  // the first kMost are for `rpc`
    WaitList waiting_;                                       // for one of the others
};

template <class Function>
Task<std::invoke_result_t<Function&>> Calls::run(Function function) {
    struct Run {
        Function& function;
        std::optional<std::invoke_result_t<Function&>> result = {};
    };
    Run run{function};
    const auto run_now = [](void* of) {
        Run& that = *static_cast<Run*>(of);
        that.result.emplace(that.function());
    };
    co_await run_function(run_now, &run);
    co_return std::move(*run.result);
}

}  // namespace eft::monitor
